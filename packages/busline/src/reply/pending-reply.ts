import { Deadline } from "../clock/deadline.ts";
import { AbortError } from "../errors/abort-error.ts";
import { ListenerFailedError } from "../errors/listener-failed-error.ts";
import { NoListenerError } from "../errors/no-listener-error.ts";
import { RequestTimeoutError } from "../errors/request-timeout-error.ts";
import { Message } from "../message/message.ts";
import { type StandardSchema, validate, ValidationGoingOn } from "../validation/standard-schema.ts";
import type { PendingReplies } from "./pending-replies.ts";

/** What a request asks for. */
export interface RequestTerms {
  readonly destinationName: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly replySchema: StandardSchema | undefined;
}

/** A request that waits for its first reply. Settles once. It is its own deadline, and makes its id when asked. */
export class PendingReply extends Deadline {
  readonly promise: Promise<unknown>;
  /** The message that asks. Set once it has been accepted: there is work to be ended when the requester gives up. */
  message: Message | undefined = undefined;
  /** The reply message whose payload has been checked already. */
  checkedAnswer: Message | undefined = undefined;
  private readonly terms: RequestTerms;
  private readonly requests: PendingReplies;
  private knownId: string | undefined;
  private resolve!: (value: unknown) => void;
  private reject!: (error: unknown) => void;
  isSettled = false;
  private unwatch: (() => void) | undefined;

  constructor(terms: RequestTerms, requests: PendingReplies) {
    super();
    this.terms = terms;
    this.requests = requests;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    if (terms.signal !== undefined) this.watch(terms.signal);
  }

  get destinationName(): string {
    return this.terms.destinationName;
  }

  /** What a reply must carry. */
  get id(): string {
    this.knownId ??= this.requests.makeId(this);
    return this.knownId;
  }

  /**
   * A reply has come.
   *
   * @throws {InvalidMessageError} it does not fit the destination's `replySchema`; another reply may still come
   */
  replied(answer: Message): void | Promise<void> {
    const { replySchema, destinationName } = this.terms;
    if (replySchema === undefined || answer === this.checkedAnswer) {
      return this.succeed(answer.payload);
    }
    const checked = validate(replySchema, answer.payload, destinationName, "reply");
    if (!(checked instanceof ValidationGoingOn)) return this.succeed(checked);
    return checked.promise.then((output) => this.succeed(output));
  }

  /**
   * Every listener has ended. Without a failure the reply may still come as a message.
   *
   * @returns whether the requester has been told of the errors
   */
  listenersEnded(errors: readonly unknown[] | undefined, anyRan: boolean): boolean {
    if (this.isSettled) return false;
    if (!anyRan) this.fail(new NoListenerError(this.destinationName));
    if (errors === undefined) return false;
    const cause =
      errors.length === 1
        ? errors[0]
        : new AggregateError(errors, `${errors.length} listeners failed`);
    this.fail(new ListenerFailedError(this.destinationName, cause));
    return true;
  }

  /** Nobody has replied in time. */
  override expire(): void {
    const { destinationName, timeoutMs } = this.terms;
    this.giveUp("timed-out", new RequestTimeoutError(destinationName, timeoutMs));
  }

  /** There will be no reply. */
  fail(error: unknown): void {
    if (this.isSettled) return;
    this.settle();
    this.reject(error);
  }

  /** The reply is here, and checked. */
  succeed(value: unknown): void {
    if (this.isSettled) return;
    this.settle();
    this.resolve(value);
  }

  /** The requester waits no more: the work on the request is ended too. */
  private giveUp(reason: "aborted" | "timed-out", error: unknown): void {
    const { message } = this;
    this.fail(error);
    if (message !== undefined) Message.momentOf(message).host.giveUp(message, reason, error);
  }

  private watch(signal: AbortSignal): void {
    const aborted = (): void =>
      this.giveUp("aborted", new AbortError(this.destinationName, signal.reason));
    signal.addEventListener("abort", aborted);
    this.unwatch = () => signal.removeEventListener("abort", aborted);
  }

  private settle(): void {
    this.isSettled = true;
    this.cancelDeadline();
    this.unwatch?.();
    this.requests.settled(this.knownId);
  }
}
