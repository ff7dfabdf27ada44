/** So many messages are looked at before it is told how quick a listener is. */
const ENOUGH = 16;
/** For so long, about, the messages that wait at a thread may keep it busy. */
const AHEAD_MS = 4;
const MOST = 32;
/** One that took longer than this is not remembered for longer. */
const LONGEST_MS = 100;

/**
 * How many messages a thread may be given at a time, by how long its listener has taken lately: one that is slow gets the
 * next when it has ended the last, so that every message goes to whoever is free first; one that is quick would wait for
 * the way to and fro longer than it works.
 */
export class Pace {
  depth = 1;
  #count = 0;
  #meanMs = 0;

  /** A message has taken so many milliseconds. @returns whether `depth` is another now */
  hasChanged(ms: number): boolean {
    if (!(ms >= 0)) return false;
    this.#count += 1;
    this.#meanMs += (Math.min(ms, LONGEST_MS) - this.#meanMs) / Math.min(this.#count, ENOUGH);
    if (this.#count < ENOUGH) return false;
    const depth = this.#depthNow();
    // Not for every little change.
    if (depth === this.depth || (depth > this.depth && depth < this.depth * 1.5)) return false;
    this.depth = depth;
    return true;
  }

  #depthNow(): number {
    return Math.min(MOST, 1 + Math.floor(AHEAD_MS / this.#meanMs));
  }
}
