import { BuslineError } from "../errors/busline-error.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import type { RejectionActions, RejectionReason } from "../queue/rejection.ts";

/** What became of a message that was not taken; undefined until a handler has acted. */
export type RefusalOutcome = "rejected" | "discarded" | "expired" | "diverted" | "taken";

/** What a destination can do for a rejected execution handler. */
export interface RefusalHost {
  readonly name: string;
  /** It takes nothing in any more, from anybody. */
  readonly isClosed: boolean;
  /** Its time has passed: no listener may begin with it. */
  readonly hasExpired: boolean;
  runInSendersTurn(): void | Promise<void>;
  discardOldestAndTake(): boolean;
  waitForSpace(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<void>;
  /** @param taken called when the other destination has taken it */
  divertTo(destinationName: string, taken: () => void): void | Promise<void>;
}

/** One message that was not taken, while its handler decides. The handler may act once. */
export class RefusedSend implements RejectionActions {
  readonly #host: RefusalHost;
  readonly #reason: RejectionReason;
  #hasActed = false;
  /** What has been decided. */
  outcome: RefusalOutcome | undefined;
  /** A wait that goes on, also when the handler forgot to return it. */
  goingOn: Promise<void> | undefined;

  constructor(host: RefusalHost, reason: RejectionReason) {
    this.#host = host;
    this.#reason = reason;
  }

  refuse(): never {
    this.#act();
    this.outcome = "rejected";
    throw this.#refusal();
  }

  discard(): void {
    this.#refuseIfClosed();
    this.#act();
    this.outcome = "discarded";
  }

  discardOldest(): void {
    this.#refuseIfClosed();
    this.#act();
    this.outcome = this.#host.discardOldestAndTake() ? "taken" : "discarded";
  }

  runInSendersTurn(): void | Promise<void> {
    this.#refuseIfClosed();
    this.#act();
    if (this.#host.hasExpired) {
      this.outcome = "expired";
      return;
    }
    const running = this.#host.runInSendersTurn();
    this.outcome = "taken";
    return this.#follow(running);
  }

  waitForSpace(limits: {
    readonly timeoutMs?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<void> {
    this.#refuseIfClosed();
    this.#act();
    const refused = (error: unknown): never => {
      // The handler may act otherwise now.
      this.#hasActed = false;
      this.goingOn = undefined;
      throw error;
    };
    let waiting: Promise<void>;
    try {
      waiting = this.#host.waitForSpace(limits.timeoutMs, limits.signal);
    } catch (error) {
      return refused(error);
    }
    return this.#follow(
      waiting.then(() => {
        this.outcome = "taken";
      }, refused),
    );
  }

  divertTo(destinationName: string): void | Promise<void> {
    this.#act();
    // Until the other one has taken it; what its listeners throw afterwards does not undo that.
    this.outcome = "rejected";
    return this.#follow(
      this.#host.divertTo(destinationName, () => {
        this.outcome = "diverted";
      }),
    );
  }

  /** The handler has ended: it cannot act any more. */
  end(): RefusalOutcome {
    this.#hasActed = true;
    this.outcome ??= "discarded";
    return this.outcome;
  }

  #refusal(): RejectedExecutionError {
    return new RejectedExecutionError(
      this.#isClosed ? "BUSLINE_CLOSED" : "BUSLINE_QUEUE_FULL",
      this.#host.name,
    );
  }

  // Whoever chose to drop or to run chose it for a full queue; after a close the sender is told.
  #refuseIfClosed(): void {
    if (this.#isClosed) this.refuse();
  }

  // A handler may take its time, and be overtaken by a close.
  get #isClosed(): boolean {
    return this.#reason === "closed" || this.#host.isClosed;
  }

  #act(): void {
    if (this.#hasActed) {
      throw new BuslineError(
        "BUSLINE_REJECTION_SETTLED",
        `The rejected execution handler of "${this.#host.name}" acted twice on one message.`,
      );
    }
    this.#hasActed = true;
  }

  #follow<Result extends void | Promise<void>>(result: Result): Result {
    if (result instanceof Promise) {
      this.goingOn = result;
      // The sender awaits it; until then a failure must not count as unhandled.
      result.catch(() => {});
    }
    return result;
  }
}
