import type { Deadline } from "../clock/deadline.ts";
import type { DeadlineList } from "../clock/deadline-list.ts";
import type { Reading } from "../clock/reading.ts";
import { AbortError } from "../errors/abort-error.ts";
import { ListenerFailedError } from "../errors/listener-failed-error.ts";
import { NoListenerError } from "../errors/no-listener-error.ts";
import { RequestTimeoutError } from "../errors/request-timeout-error.ts";
import { onAbort } from "../message/abort-watch.ts";
import type { Headers } from "../message/headers.ts";
import { Message } from "../message/message.ts";
import type { MessageExtras } from "../message/message-extras.ts";
import { type StandardSchema, validate, ValidationGoingOn } from "../validation/standard-schema.ts";
import type { PendingReplies } from "./pending-replies.ts";

/** What a request asks for, and where its answer is to be sent. Requests without options of their own share one. */
export interface RequestTerms {
  readonly destinationName: string;
  readonly responseDestinationName: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly replySchema: StandardSchema | undefined;
  readonly extras: MessageExtras;
}

let lastResolve: (value: unknown) => void;
let lastReject: (error: unknown) => void;

/** One function for all promises. A closure for each would cost as much as the promise. */
function keepFunctions(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
  lastResolve = resolve;
  lastReject = reject;
}

/**
 * A request that waits for its first reply. Settles once. It is its own deadline, and the extras of the message that
 * asks; it makes its id when asked.
 */
export class PendingReply implements Deadline, MessageExtras {
  // A class of its own: to derive it from another costs as much as all of these.
  list: DeadlineList | undefined = undefined;
  setAt: Reading | undefined = undefined;
  readonly promise: Promise<unknown>;
  /** The message that asks. Set once it has been accepted: there is work to be ended when the requester gives up. */
  message: Message | undefined = undefined;
  /** The reply message whose payload has been checked already. */
  checkedAnswer: Message | undefined = undefined;
  private readonly terms: RequestTerms;
  private readonly requests: PendingReplies;
  private knownId: string | undefined = undefined;
  private readonly resolve: (value: unknown) => void;
  private readonly reject: (error: unknown) => void;
  isSettled = false;
  private unwatch: (() => void) | undefined = undefined;

  constructor(terms: RequestTerms, requests: PendingReplies) {
    this.terms = terms;
    this.requests = requests;
    this.promise = new Promise(keepFunctions);
    this.resolve = lastResolve;
    this.reject = lastReject;
    if (terms.signal !== undefined) this.watch(terms.signal);
  }

  get destinationName(): string {
    return this.terms.destinationName;
  }

  get headers(): Headers {
    return this.terms.extras.headers;
  }

  get key(): string | undefined {
    return this.terms.extras.key;
  }

  get priority(): number | undefined {
    return this.terms.extras.priority;
  }

  get timing(): undefined {
    return undefined;
  }

  get failed(): undefined {
    return undefined;
  }

  get record(): undefined {
    return undefined;
  }

  get responseDestinationName(): string {
    return this.terms.responseDestinationName;
  }

  get responseId(): string {
    return this.id;
  }

  get request(): PendingReply {
    return this;
  }

  get answers(): undefined {
    return undefined;
  }

  /** Whether any value is an answer. */
  get takesAny(): boolean {
    return this.terms.replySchema === undefined;
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
  expire(): void {
    const { destinationName, timeoutMs } = this.terms;
    this.giveUp("timed-out", new RequestTimeoutError(destinationName, timeoutMs));
  }

  cancelDeadline(): void {
    if (this.list !== undefined) this.list.remove(this);
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
    this.unwatch = onAbort(signal, aborted);
  }

  private settle(): void {
    this.isSettled = true;
    // Its deadline may keep it for a while.
    this.message = undefined;
    this.checkedAnswer = undefined;
    this.cancelDeadline();
    if (this.unwatch !== undefined) this.unwatch();
    this.requests.settled(this.knownId);
  }
}
