import type { Listening } from "./listening.ts";
import type { MessageListenerFunction } from "./message-listener.ts";

/**
 * The listeners of one destination at one time, in the order of their registration. Never altered: a change makes a new
 * one, so a message that keeps the roster of its sending keeps exactly the listeners of that moment.
 */
export class Roster {
  readonly listenings: readonly Listening[];
  /** What each of them is called by. */
  readonly receivers: readonly MessageListenerFunction[];
  /**
   * Whether it is the destination's roster now, and a call is all that any of its listeners' turns take. Then nobody looks
   * at the listeners one by one: a look costs as much as a call.
   */
  isPlain = false;
  /** Whether it is plain, and all of them have so far always returned something plain. */
  isSynchronous = false;
  /** How many messages all of them have received while it was so, and each of them has not counted itself. */
  private passedCount = 0;

  constructor(listenings: readonly Listening[]) {
    this.listenings = listenings;
    this.receivers = listenings.map(({ receive }) => receive);
  }

  /** Whether the one at a place has so far always returned something plain. */
  isSynchronousAt(at: number): boolean {
    return (this.listenings[at] as Listening).isSynchronous;
  }

  /** All of them have received a message. */
  passed(): void {
    if (this.isPlain) this.passedCount += 1;
    else this.countFirst(this.listenings.length);
  }

  /** Only the first `count` have received a message. */
  countFirst(count: number): void {
    for (let at = 0; at < count; at += 1) (this.listenings[at] as Listening).deliveredCount += 1;
  }

  /** One of them has changed. */
  judge(): void {
    this.isPlain = this.listenings.every(({ isPlain }) => isPlain);
    this.isSynchronous = this.isPlain && this.listenings.every((each) => each.isSynchronous);
    if (!this.isPlain) this.settle();
  }

  /** It is not the destination's roster any more. */
  retire(): void {
    this.isPlain = false;
    this.isSynchronous = false;
    this.settle();
  }

  /** Brings what each of them has received up to date. */
  settle(): void {
    for (const listening of this.listenings) listening.deliveredCount += this.passedCount;
    this.passedCount = 0;
  }
}
