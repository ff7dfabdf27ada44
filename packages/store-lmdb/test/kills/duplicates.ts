import type { Call, Ledger } from "./ledger.ts";
import { RIG_DESTINATIONS } from "./rig-destinations.ts";
import type { RigMessage } from "./rig-message.ts";

/**
 * How many times listeners were done with a message that they had been done with before, by the lives whose ends undid it:
 * what a listener has done counts once it is written down, and that is done at the end of the run of code in which it ends,
 * or before the next attempt begins.
 */
export class Duplicates {
  /** By life and destination. */
  readonly #undone = new Map<string, number>();
  readonly #ledger: Ledger;
  readonly #late: string[] = [];
  total = 0;
  /** How many calls began, at most, after one that was undone. */
  mostBegunAfter = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    for (const { calls, message } of ledger.accounts.values()) {
      for (const some of calls.values()) {
        const done = some.filter(({ end }) => end === "done");
        for (const call of done.slice(0, -1)) this.#add(call, message);
      }
    }
  }

  /**
   * So many calls may run at once. So many may be undone by one kill beside them, which have ended and make up one batch of
   * acknowledgements: an attempt is marked only where a worker is free for it, and what has ended is written down with the
   * mark. And so many may have begun after one that is undone.
   */
  static atOnce(destination: string): number {
    const { listeners = [], workers = 0 } = RIG_DESTINATIONS[destination] ?? {};
    return workers * listeners.length;
  }

  /** The most at one destination by one kill. */
  get worst(): number {
    return Math.max(0, ...this.#undone.values());
  }

  /** E6 */
  get faults(): string[] {
    const faults = [...this.#late];
    for (const [where, count] of this.#undone) {
      const [life = "", destination = ""] = where.split(" ");
      const isKilled = this.#ledger.lives[Number(life) - 1]?.isKilled === true;
      const bound = isKilled ? 2 * Duplicates.atOnce(destination) : 0;
      if (count <= bound) continue;
      const how = isKilled ? "killed" : "closed";
      faults.push(`E6: life ${life}, ${how}, undid ${count} at ${destination}: more than ${bound}`);
    }
    return faults;
  }

  #add({ begunBefore, life }: Call, { destination, name }: RigMessage): void {
    const where = `${life} ${destination}`;
    this.#undone.set(where, (this.#undone.get(where) ?? 0) + 1);
    this.total += 1;
    const begun = this.#ledger.lives[life - 1]?.begun.get(destination) ?? 0;
    const begunAfter = begun - begunBefore;
    this.mostBegunAfter = Math.max(this.mostBegunAfter, begunAfter);
    if (begunAfter <= Duplicates.atOnce(destination)) return;
    this.#late.push(`E6: life ${life}: ${name} was undone, though ${begunAfter} began after it`);
  }
}
