import type { Deadline } from "../clock/deadlines.ts";
import { ListenerFailedError } from "../errors/listener-failed-error.ts";
import { NoListenerError } from "../errors/no-listener-error.ts";
import type { Message } from "../message/message.ts";
import { type StandardSchema, validate, ValidationGoingOn } from "../validation/standard-schema.ts";

/** What a pending reply needs of its surroundings. */
export interface PendingReplyTerms {
  readonly id: string;
  readonly destinationName: string;
  readonly replySchema: StandardSchema | undefined;
  /** Called once, when the reply or a failure has settled it. */
  readonly settled: () => void;
}

/** A request that waits for its first reply. Settles once; what comes later is told `false`. */
export class PendingReply {
  readonly id: string;
  readonly promise: Promise<unknown>;
  /** Ends the work on the request when the requester gives up. Set as soon as there is some. */
  giveUp: ((reason: "aborted" | "timed-out", error: unknown) => void) | undefined;
  deadline: Deadline | undefined;
  /** The reply message whose payload has been checked already. */
  checkedAnswer: Message | undefined;
  readonly #terms: PendingReplyTerms;
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;
  #isSettled = false;

  constructor(terms: PendingReplyTerms) {
    this.id = terms.id;
    this.#terms = terms;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /**
   * A reply has come.
   *
   * @throws {InvalidMessageError} it does not fit the destination's `replySchema`; another reply may still come
   */
  replied(answer: Message): void | Promise<void> {
    const { replySchema, destinationName } = this.#terms;
    if (replySchema === undefined || answer === this.checkedAnswer) {
      return this.#succeed(answer.payload);
    }
    const checked = validate(replySchema, answer.payload, destinationName, "reply");
    if (!(checked instanceof ValidationGoingOn)) return this.#succeed(checked);
    return checked.promise.then((output) => this.#succeed(output));
  }

  /**
   * Every listener has ended. Without a failure the reply may still come as a message.
   *
   * @returns whether the requester has been told of the errors
   */
  listenersEnded(errors: readonly unknown[] | undefined, anyRan: boolean): boolean {
    if (this.#isSettled) return false;
    if (!anyRan) this.fail(new NoListenerError(this.#terms.destinationName));
    if (errors === undefined) return false;
    const cause =
      errors.length === 1
        ? errors[0]
        : new AggregateError(errors, `${errors.length} listeners failed`);
    this.fail(new ListenerFailedError(this.#terms.destinationName, cause));
    return true;
  }

  /** The requester waits no more: the work on the request is ended too. */
  giveUpWith(reason: "aborted" | "timed-out", error: unknown): void {
    this.fail(error);
    this.giveUp?.(reason, error);
  }

  /** There will be no reply. */
  fail(error: unknown): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#reject(error);
  }

  #succeed(value: unknown): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#resolve(value);
  }

  #settle(): void {
    this.#isSettled = true;
    this.deadline?.cancel();
    this.#terms.settled();
  }
}
