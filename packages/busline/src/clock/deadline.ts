import type { DeadlineList } from "./deadline-list.ts";
import type { Reading } from "./reading.ts";

/** Something that must have happened by some moment. A link in the list of those that were given the same time. */
export abstract class Deadline {
  /** Where it stands, as long as it is set. */
  list: DeadlineList | undefined = undefined;
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  setAt: Reading | undefined = undefined;

  /** The time is up. */
  abstract expire(): void;

  /** It happened, or does not matter any more. Harmless when repeated. */
  cancelDeadline(): void {
    this.list?.remove(this);
  }
}
