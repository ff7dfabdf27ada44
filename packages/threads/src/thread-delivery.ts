import type { Transferable } from "node:worker_threads";
import * as busline from "busline";
import {
  InvalidMessageError,
  ListenerNotLoadedError,
  ListenerTimeoutError,
  type Message,
  notBegun,
  type PlacedContext,
  type PlacedDestination,
  type Timer,
  WorkerLostError,
} from "busline";
import { unpackError } from "./carried-error.ts";
import type { DeliverOrder, EndReport } from "./crossing.ts";
import type { ListenerOfModule } from "./module-listener.ts";
import type { ThreadPool } from "./thread-pool.ts";
import type { PoolThread } from "./pool-thread.ts";
import type { ThreadTask } from "./thread-task.ts";
import type { ThreadTerms } from "./thread-workers.ts";
import { readContexts } from "./travelling-context.ts";

/** Errors that a listener may throw and that are to be told by their class. */
const classes = Object.fromEntries(
  Object.entries(busline).filter(([name]) => name.endsWith("Error")),
) as Readonly<Record<string, { readonly prototype: Error }>>;

const NOTHING: readonly Transferable[] = [];
/** So many bytes, characters or elements are many. */
const LARGE = 16 * 1_024;
let lastPlace = 0;

/** What is the same for all messages of a listener at a destination. */
export interface DeliveryTerms {
  readonly listener: ListenerOfModule;
  readonly pool: ThreadPool;
  readonly destination: PlacedDestination;
  readonly terms: ThreadTerms;
  /** Told how many milliseconds a listener has taken. */
  readonly took: (ms: number) => void;
  /** Told that it has ended. */
  readonly ended: (delivery: ThreadDelivery) => void;
}

/** One message on its way to a listener in a thread, and back. */
export class ThreadDelivery implements ThreadTask {
  // One is made for each message: private names of the language would make that twice as long.
  readonly listener: ListenerOfModule;
  readonly destinationName: string;
  readonly place: number;
  thread: PoolThread | undefined = undefined;
  number = 0;
  sequence = -1;
  orderNumber = -1;
  abort: { readonly reason: unknown } | undefined = undefined;
  goesAlone: boolean;
  private readonly message: Message;
  private readonly context: PlacedContext;
  private readonly terms: DeliveryTerms;
  /** What its listener's `transfer` names may be moved. */
  private readonly isMoved: boolean;
  /** What the sender's contexts held. */
  private readonly contexts: Readonly<Record<string, unknown>> | undefined;
  private readonly resolve: (value: unknown) => void;
  private readonly reject: (error: unknown) => void;
  private isPosted = false;
  private timer: Timer | undefined = undefined;
  /** Whether it is its thread's first task, and its listener has been loaded there. */
  private stage: "waiting" | "first" | "loaded" = "waiting";
  private isEnded = false;
  private replyError: { readonly error: unknown } | undefined = undefined;

  constructor(
    message: Message,
    context: PlacedContext,
    terms: DeliveryTerms,
    isMoved: boolean,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.message = message;
    this.context = context;
    this.terms = terms;
    this.isMoved = isMoved;
    this.resolve = resolve;
    this.reject = reject;
    this.listener = terms.listener;
    this.destinationName = terms.destination.name;
    this.contexts = readContexts(terms.terms.contexts);
    this.goesAlone = isLarge(message.payload);
    lastPlace += 1;
    this.place = lastPlace;
  }

  begin(): void {
    const { pool } = this.terms;
    let isBegin = true;
    this.context.whenInterrupted((reason) => {
      if (this.isEnded) return;
      this.abort = { reason };
      // Aborted before its turn, a listener has its turn all the same, as on the event loop.
      if (isBegin) return;
      if (!pool.withdraw(this)) this.thread?.abort(this);
      else if (this.end()) this.reject(notBegun);
    });
    isBegin = false;
    pool.run(this);
  }

  /** The destination is closed by force. */
  giveUp(): void {
    const { pool, destination } = this.terms;
    if (pool.withdraw(this)) {
      if (this.end()) this.reject(notBegun);
      return;
    }
    pool.endThreadOf(this);
    this.failed(new WorkerLostError(destination.name, undefined));
  }

  transfers(): readonly Transferable[] {
    const { transfer } = this.listener;
    if (!this.isMoved || transfer === undefined) return NOTHING;
    // What was moved to a thread that is no more is lost with it.
    if (this.isPosted) throw new WorkerLostError(this.destinationName, undefined);
    return transfer(this.message.payload);
  }

  order(listener: number): DeliverOrder {
    const { sequence, number, contexts } = this;
    const { attempt } = this.context;
    const { id, sentAt, payload, headers, key, priority } = this.message;
    const { responseDestinationName, responseId } = this.message;
    const hasHeaders = hasAny(headers);
    // Not put together of parts: that takes as long as to copy them.
    const order = [
      sequence,
      number,
      listener,
      attempt,
      id,
      sentAt,
      payload,
      responseDestinationName,
      responseId,
    ] as const;
    if (contexts === undefined && !hasHeaders && key === undefined && priority === undefined)
      return order;
    return [...order, contexts, hasHeaders ? { ...headers } : undefined, key, priority];
  }

  posted(): void {
    this.isPosted = true;
  }

  isNext(isLoaded: boolean): void {
    if (this.stage === "loaded" || (this.stage === "first" && !isLoaded)) return;
    this.stage = isLoaded ? "loaded" : "first";
    const { destination, terms } = this.terms;
    const { name, listenerTimeoutMs } = destination;
    if (!isLoaded) {
      const { loadTimeoutMs } = terms;
      const problem = `was not loaded within ${loadTimeoutMs} ms`;
      this.startTimer(loadTimeoutMs, () => new ListenerNotLoadedError(this.listener.url, problem));
    } else if (listenerTimeoutMs !== undefined) {
      this.startTimer(listenerTimeoutMs, () => new ListenerTimeoutError(name, listenerTimeoutMs));
    } else {
      this.timer?.cancel();
    }
  }

  takenBack(): void {
    this.stage = "waiting";
    this.timer?.cancel();
  }

  replied(value: unknown): void {
    try {
      this.context.reply(value);
    } catch (error) {
      // In the thread nobody can be told any more; so the listener has failed.
      this.replyError ??= { error };
    }
  }

  ended(report: EndReport): void {
    // To send it again to another thread would take longer than to wait.
    if (report.kind === "returned") this.terms.took(this.goesAlone ? Infinity : report.took);
    if (!this.end()) return;
    if (report.kind === "not loaded") {
      const cause = report.cause === undefined ? {} : { cause: unpackError(report.cause, classes) };
      this.reject(new ListenerNotLoadedError(this.listener.url, report.problem, cause));
    } else if (report.kind === "not copied") {
      const { path, problem: message } = report;
      const complaint = "cannot be copied out of the threads of";
      const { destinationName } = this;
      this.reject(
        new InvalidMessageError(destinationName, "reply", [{ message, path }], { complaint }),
      );
    } else if (report.kind === "failed") {
      this.reject(unpackError(report.error, classes));
    } else if (this.replyError !== undefined) {
      this.reject(this.replyError.error);
    } else {
      this.resolve(report.value);
    }
  }

  lost(exitCode: number | undefined, cause: unknown): void {
    const options = cause === undefined ? undefined : { cause };
    this.failed(new WorkerLostError(this.destinationName, exitCode, options));
  }

  failed(error: unknown): void {
    if (this.end()) this.reject(error);
  }

  private startTimer(afterMs: number, makeError: () => Error): void {
    this.timer?.cancel();
    this.timer = this.terms.destination.clock.startTimer(afterMs, () => {
      // Where this thread has been held up, the listener may have ended long ago.
      this.thread?.catchUp();
      if (this.isEnded) return;
      // Nothing less ends a loop.
      this.terms.pool.endThreadOf(this);
      this.failed(makeError());
    });
  }

  /** @returns whether it had not ended before */
  private end(): boolean {
    if (this.isEnded) return false;
    this.isEnded = true;
    this.timer?.cancel();
    this.terms.pool.done();
    this.terms.ended(this);
    return true;
  }
}

function hasAny(headers: object): boolean {
  for (const _ in headers) return true;
  return false;
}

/** What takes long to copy keeps nobody waiting who was sent together with it. */
function isLarge(payload: unknown): boolean {
  if (typeof payload === "string") return payload.length > LARGE;
  if (typeof payload !== "object" || payload === null) return false;
  if (ArrayBuffer.isView(payload) || payload instanceof ArrayBuffer)
    return payload.byteLength > LARGE;
  if (Array.isArray(payload)) return payload.length > LARGE;
  for (const key in payload) {
    const value = (payload as Record<string, unknown>)[key];
    if (typeof value === "string" && value.length > LARGE) return true;
    if (ArrayBuffer.isView(value) && value.byteLength > LARGE) return true;
  }
  return false;
}
