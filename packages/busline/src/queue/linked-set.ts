/**
 * A set in the order in which its members came. The `Set` of the language keeps that order too, but finds its first
 * again past all that have left from there: a queue of 100,000 took 28 µs a message out of one instead of 1.3.
 */
export class LinkedSet<T> implements Iterable<T> {
  readonly #links = new Map<T, Link<T>>();
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;

  get size(): number {
    return this.#links.size;
  }

  get first(): T | undefined {
    return this.#first?.member;
  }

  has(member: T): boolean {
    return this.#links.has(member);
  }

  /** At the end, unless it is there. */
  add(member: T): void {
    if (this.#links.has(member)) return;
    const link: Link<T> = { member, before: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = link;
    else this.#last.next = link;
    this.#last = link;
    this.#links.set(member, link);
  }

  /** @returns whether it was there */
  remove(member: T): boolean {
    const link = this.#links.get(member);
    if (link === undefined) return false;
    const { before, next } = link;
    if (before === undefined) this.#first = next;
    else before.next = next;
    if (next === undefined) this.#last = before;
    else next.before = before;
    return this.#links.delete(member);
  }

  /** Takes out all. */
  removeAll(): T[] {
    const all = [...this];
    this.#links.clear();
    this.#first = undefined;
    this.#last = undefined;
    return all;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let link = this.#first; link !== undefined; link = link.next) yield link.member;
  }
}

interface Link<T> {
  readonly member: T;
  before: Link<T> | undefined;
  next: Link<T> | undefined;
}
