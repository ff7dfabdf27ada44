import type { Deadline } from "./deadline.ts";
import type { Reading } from "./reading.ts";

/** So many cancelled ones may lie in a list beside those that stand in it. */
const FEW = 256;

/**
 * Deadlines that were given the same time: the first that was set is the first to be due. A cancelled one stays where it
 * lies until there are as many of them as others, so that setting and cancelling change little.
 */
export class DeadlineList {
  readonly durationMs: number;
  /** When to look at it next: not later than its first deadline is due. */
  wakeAt = 0;
  /** Its place among the other lists. */
  index = -1;
  /** How many stand in it. */
  size = 0;
  private readonly emptied: (list: DeadlineList) => void;
  private deadlines: (Deadline | undefined)[] = [];
  /** Before it only cancelled ones lie. */
  private start = 0;

  /** @param emptied called when its last deadline has been removed */
  constructor(durationMs: number, emptied: (list: DeadlineList) => void) {
    this.durationMs = durationMs;
    this.emptied = emptied;
  }

  get first(): Deadline | undefined {
    if (this.size === 0) return undefined;
    return this.deadlines[this.start];
  }

  add(deadline: Deadline, setAt: Reading): void {
    deadline.list = this;
    deadline.setAt = setAt;
    this.deadlines.push(deadline);
    this.size += 1;
  }

  remove(deadline: Deadline): void {
    deadline.list = undefined;
    this.size -= 1;
    // Most are cancelled in the order in which they were set, and need not be kept any longer.
    while (this.start < this.deadlines.length && this.deadlines[this.start]?.list !== this) {
      this.deadlines[this.start] = undefined;
      this.start += 1;
    }
    if (this.deadlines.length > this.size * 2 + FEW) this.compact();
    if (this.size === 0) this.emptied(this);
  }

  /** When the first is due; `NaN` if it was set in the run that goes on. */
  get dueAt(): number {
    const setAt = this.first?.setAt?.at ?? Number.NaN;
    return setAt + this.durationMs;
  }

  /** All that stand in it. */
  [Symbol.iterator](): Iterator<Deadline> {
    return this.deadlines
      .filter((deadline): deadline is Deadline => deadline?.list === this)
      .values();
  }

  private compact(): void {
    this.deadlines = this.size === 0 ? [] : [...this];
    this.start = 0;
  }
}
