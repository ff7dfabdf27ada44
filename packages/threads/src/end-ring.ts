/** So many ends find room: more than a thread is ever given at a time, as a rule. */
const SLOTS = 256;
/** Of a slot: the task, what kind of value, the value, how long it took, and how many reports went over the port before. */
const FIELDS = 5;
const HEAD_BYTES = 16;
const WRITTEN = 0;
const TAKEN = 1;
const CALLED = 2;

const constants: readonly unknown[] = [undefined, null, false, true];
const NUMBER = constants.length;

/** A listener has returned, with a value that fits into memory. */
export interface RingEnd {
  readonly kind: "returned";
  readonly task: number;
  readonly value: unknown;
  /** How long it took, in milliseconds. */
  readonly took: number;
}

/**
 * How listeners have ended, in memory that a thread and its pool share. To write there costs a fiftieth of a report over
 * the port, what stands there survives the thread, and the pool need be woken only once for many.
 *
 * Each end knows how many reports have gone over the port before it, so both are read in the order in which they happened.
 */
export class EndRing {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #fields: Float64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(HEAD_BYTES + SLOTS * FIELDS * 8)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, HEAD_BYTES / 4);
    this.#fields = new Float64Array(buffer, HEAD_BYTES);
  }

  /**
   * By the thread.
   *
   * @returns whether it stands there now: there may be no room, or the value may be of another kind
   */
  add(task: number, value: unknown, took: number, reportCount: number): boolean {
    const kind = typeof value === "number" ? NUMBER : constants.indexOf(value);
    const written = Atomics.load(this.#words, WRITTEN);
    if (kind < 0 || ((written - Atomics.load(this.#words, TAKEN)) | 0) >= SLOTS) return false;
    const fields = this.#fields;
    const at = (written & (SLOTS - 1)) * FIELDS;
    fields[at] = task;
    fields[at + 1] = kind;
    fields[at + 2] = kind === NUMBER ? (value as number) : 0;
    fields[at + 3] = took;
    fields[at + 4] = reportCount;
    Atomics.store(this.#words, WRITTEN, (written + 1) | 0);
    return true;
  }

  /** By the thread: whether the pool must be woken, and is not being woken already. */
  mustCall(): boolean {
    return Atomics.exchange(this.#words, CALLED, 1) === 0;
  }

  /** By the pool, before it looks: what comes from now on needs another call. */
  answerCall(): void {
    Atomics.store(this.#words, CALLED, 0);
  }

  /** By the pool: how many reports go before the next end; undefined if there is none. */
  get reportsBeforeNext(): number | undefined {
    const taken = Atomics.load(this.#words, TAKEN);
    if (taken === Atomics.load(this.#words, WRITTEN)) return undefined;
    return this.#fields[(taken & (SLOTS - 1)) * FIELDS + 4];
  }

  /** By the pool: the next end, which is there. */
  take(): RingEnd {
    const fields = this.#fields;
    const taken = Atomics.load(this.#words, TAKEN);
    const at = (taken & (SLOTS - 1)) * FIELDS;
    const kind = fields[at + 1] as number;
    const end: RingEnd = {
      kind: "returned",
      task: fields[at] as number,
      value: kind === NUMBER ? fields[at + 2] : constants[kind],
      took: fields[at + 3] as number,
    };
    Atomics.store(this.#words, TAKEN, (taken + 1) | 0);
    return end;
  }
}
