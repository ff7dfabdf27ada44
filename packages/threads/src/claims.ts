const HALF = 16;
const MASK = 0xff_ff;

/**
 * Which of the messages that have been posted to a thread it has begun with, known to both sides at every moment: the
 * thread claims each before it begins, and until then it can be taken back, though it lies in the thread's port.
 *
 * Messages are numbered, modulo 2^16. One shared number holds two of them: the next that may be claimed, and the first
 * that may not.
 */
export class Claims {
  readonly buffer: SharedArrayBuffer;
  readonly #word: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.buffer = buffer;
    this.#word = new Int32Array(buffer);
  }

  /** The number of the next message to be posted, which may be claimed from now on. */
  add(): number {
    for (;;) {
      const word = Atomics.load(this.#word, 0);
      const limit = word >>> HALF;
      if (this.#replace(word, word & MASK, (limit + 1) & MASK)) return limit;
    }
  }

  /** How many have been posted behind a message. */
  countBehind(sequence: number): number {
    return distance(sequence + 1, Atomics.load(this.#word, 0) >>> HALF);
  }

  /** By the thread: whether it may begin with a message; none before it can be claimed any more. */
  claim(sequence: number): boolean {
    for (;;) {
      const word = Atomics.load(this.#word, 0);
      const next = word & MASK;
      const limit = word >>> HALF;
      if (distance(next, sequence) >= distance(next, limit)) return false;
      if (this.#replace(word, (sequence + 1) & MASK, limit)) return true;
    }
  }

  /** Takes all back that have not been claimed. @returns whether that goes for a message that was not taken back before */
  takeBack(): (sequence: number) => boolean {
    for (;;) {
      const word = Atomics.load(this.#word, 0);
      const next = word & MASK;
      const limit = word >>> HALF;
      if (!this.#replace(word, limit, limit)) continue;
      return (sequence) => distance(next, sequence) < distance(next, limit);
    }
  }

  #replace(word: number, next: number, limit: number): boolean {
    const replacement = (limit << HALF) | next;
    return Atomics.compareExchange(this.#word, 0, word, replacement) === word;
  }
}

/** How far it is from one number on to another. */
function distance(from: number, to: number): number {
  return (to - from) & MASK;
}
