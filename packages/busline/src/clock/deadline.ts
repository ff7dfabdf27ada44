import type { DeadlineList } from "./deadline-list.ts";
import type { Reading } from "./reading.ts";

/** Something that must have happened by some moment. */
export abstract class Deadline {
  /** Where it stands, as long as it is set. */
  list: DeadlineList | undefined = undefined;
  setAt: Reading | undefined = undefined;

  /** The time is up. */
  abstract expire(): void;

  /** It happened, or does not matter any more. Harmless when repeated. */
  cancelDeadline(): void {
    this.list?.remove(this);
  }
}
