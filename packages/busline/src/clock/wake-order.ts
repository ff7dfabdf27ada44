import type { DeadlineList } from "./deadline-list.ts";

/** Lists of deadlines by the time at which they are to be looked at: a binary heap, in which each knows its place. */
export class WakeOrder {
  readonly #heap: DeadlineList[] = [];

  /** The one whose turn comes first. */
  get first(): DeadlineList | undefined {
    return this.#heap[0];
  }

  add(list: DeadlineList): void {
    this.#put(list, this.#heap.length);
    this.#rise(list);
  }

  /** Takes out one that is in it. */
  remove(list: DeadlineList): void {
    const last = this.#heap.pop() as DeadlineList;
    if (last !== list) {
      this.#put(last, list.index);
      this.#sink(last);
      this.#rise(last);
    }
    list.index = -1;
  }

  #rise(list: DeadlineList): void {
    while (list.index > 0) {
      const parent = this.#heap[(list.index - 1) >> 1] as DeadlineList;
      if (parent.wakeAt <= list.wakeAt) return;
      this.#swap(parent, list);
    }
  }

  #sink(list: DeadlineList): void {
    for (;;) {
      const left = this.#heap[list.index * 2 + 1];
      const right = this.#heap[list.index * 2 + 2];
      const child =
        right !== undefined && left !== undefined && right.wakeAt < left.wakeAt ? right : left;
      if (child === undefined || child.wakeAt >= list.wakeAt) return;
      this.#swap(list, child);
    }
  }

  #swap(upper: DeadlineList, lower: DeadlineList): void {
    const { index } = upper;
    this.#put(upper, lower.index);
    this.#put(lower, index);
  }

  #put(list: DeadlineList, index: number): void {
    this.#heap[index] = list;
    list.index = index;
  }
}
