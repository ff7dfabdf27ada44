import type { Clock, Timer } from "./clock.ts";

/** A moment by which something must have happened. */
export interface Deadline {
  /** It happened, or does not matter any more. Harmless when repeated. */
  cancel(): void;
}

/**
 * Any number of deadlines on one timer of the runtime: a timer for each request would cost several times as much as the
 * rest of the request. They lie in a binary heap, the earliest on top; each knows its place, so that cancelling one
 * leaves nothing behind.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #heap: HeapNode[] = [];
  #timer: Timer | undefined;
  #timerAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `expire` once `durationMs` have passed, unless cancelled before. Never early. */
  set(durationMs: number, expire: () => void): Deadline {
    const at = this.#clock.monotonicNow() + durationMs;
    const node: HeapNode = {
      at,
      expire,
      index: this.#heap.length,
      cancel: () => this.#remove(node),
    };
    this.#heap.push(node);
    this.#rise(node);
    if (at < this.#timerAt) this.#arm(at);
    return node;
  }

  /** Ends its timer: no deadline expires any more. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Infinity;
    for (const node of this.#heap.splice(0)) node.index = -1;
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    const delayMs = Math.max(0, Math.ceil(at - this.#clock.monotonicNow()));
    this.#timer = this.#clock.startTimer(delayMs, () => this.#expireDue());
  }

  #expireDue(): void {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    const now = this.#clock.monotonicNow();
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#remove(first);
      first.expire();
    }
    const next = this.#heap[0]?.at ?? Infinity;
    // An expiry may have set a new deadline, and with it the timer.
    if (next < this.#timerAt) this.#arm(next);
  }

  #remove(node: HeapNode): void {
    if (node.index < 0) return;
    const last = this.#heap.pop() as HeapNode;
    if (last !== node) {
      this.#put(last, node.index);
      this.#sink(last);
      this.#rise(last);
    }
    node.index = -1;
  }

  #rise(node: HeapNode): void {
    while (node.index > 0) {
      const parent = this.#heap[(node.index - 1) >> 1] as HeapNode;
      if (parent.at <= node.at) return;
      this.#swap(parent, node);
    }
  }

  #sink(node: HeapNode): void {
    for (;;) {
      const left = this.#heap[node.index * 2 + 1];
      const right = this.#heap[node.index * 2 + 2];
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= node.at) return;
      this.#swap(node, child);
    }
  }

  #swap(upper: HeapNode, lower: HeapNode): void {
    const { index } = upper;
    this.#put(upper, lower.index);
    this.#put(lower, index);
  }

  #put(node: HeapNode, index: number): void {
    this.#heap[index] = node;
    node.index = index;
  }
}

interface HeapNode extends Deadline {
  readonly at: number;
  readonly expire: () => void;
  /** Its place in the heap; -1 once it is out. */
  index: number;
}
