import type { Deadline } from "./deadline.ts";
import type { Reading } from "./reading.ts";

/** Deadlines that were given the same time: the first that was set is the first to be due. */
export class DeadlineList {
  readonly durationMs: number;
  /** When to look at it next: not later than its first deadline is due. */
  wakeAt = 0;
  /** Its place among the other lists. */
  index = -1;
  /** How many stand in it. */
  size = 0;
  readonly #emptied: (list: DeadlineList) => void;
  #first: Deadline | undefined;
  #last: Deadline | undefined;

  /** @param emptied called when its last deadline has been removed */
  constructor(durationMs: number, emptied: (list: DeadlineList) => void) {
    this.durationMs = durationMs;
    this.#emptied = emptied;
  }

  get first(): Deadline | undefined {
    return this.#first;
  }

  add(deadline: Deadline, setAt: Reading): void {
    deadline.list = this;
    deadline.setAt = setAt;
    deadline.previous = this.#last;
    if (this.#last === undefined) this.#first = deadline;
    else this.#last.next = deadline;
    this.#last = deadline;
    this.size += 1;
  }

  remove(deadline: Deadline): void {
    const { previous, next } = deadline;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    deadline.previous = undefined;
    deadline.next = undefined;
    deadline.list = undefined;
    this.size -= 1;
    if (this.#first === undefined) this.#emptied(this);
  }

  /** When the first is due; `NaN` if it was set in the run that goes on. */
  get dueAt(): number {
    const setAt = this.#first?.setAt?.at ?? Number.NaN;
    return setAt + this.durationMs;
  }
}
