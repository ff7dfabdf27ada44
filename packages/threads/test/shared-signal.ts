/** Waits, without polling, until a thread has counted a shared number up. */
export class SharedSignal {
  readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(4);
  readonly #cell = new Int32Array(this.buffer);

  /** Resolves when the number is at least so high. */
  async reaches(count: number): Promise<void> {
    for (;;) {
      const now = Atomics.load(this.#cell, 0);
      if (now >= count) return;
      await Atomics.waitAsync(this.#cell, 0, now).value;
    }
  }

  /** Counts up, and wakes whoever waits. */
  add(): void {
    Atomics.add(this.#cell, 0, 1);
    Atomics.notify(this.#cell, 0);
  }
}
