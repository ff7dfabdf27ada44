import type { Transferable } from "node:worker_threads";
import * as busline from "busline";
import {
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
import type { EndReport } from "./crossing.ts";
import type { ListenerOfModule } from "./module-listener.ts";
import type { ThreadPool } from "./thread-pool.ts";
import type { PoolThread } from "./pool-thread.ts";
import type { OrderRest, ThreadTask } from "./thread-task.ts";
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

interface DeliveryTerms {
  readonly listener: ListenerOfModule;
  /** What its `transfer` names may be moved. */
  readonly isMoved: boolean;
  readonly pool: ThreadPool;
  readonly destination: PlacedDestination;
  readonly terms: ThreadTerms;
  /** Told how many milliseconds a listener has taken. */
  readonly took: (ms: number) => void;
  /** Told that it has ended. */
  readonly ended: (delivery: ThreadDelivery) => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One message on its way to a listener in a thread, and back. */
export class ThreadDelivery implements ThreadTask {
  readonly listener: ListenerOfModule;
  readonly #message: Message;
  readonly #context: PlacedContext;
  readonly #terms: DeliveryTerms;
  /** What the sender's contexts held. */
  readonly #contexts: Readonly<Record<string, unknown>> | undefined;
  readonly place: number;
  thread: PoolThread | undefined;
  abort: { readonly reason: unknown } | undefined;
  goesAlone: boolean;
  #isPosted = false;
  #timer: Timer | undefined;
  /** Whether it is its thread's first task, and its listener has been loaded there. */
  #stage: "waiting" | "first" | "loaded" = "waiting";
  #isEnded = false;
  #replyError: { readonly error: unknown } | undefined;

  constructor(message: Message, context: PlacedContext, terms: DeliveryTerms) {
    this.#message = message;
    this.#context = context;
    this.#terms = terms;
    this.listener = terms.listener;
    this.#contexts = readContexts(terms.terms.contexts);
    this.goesAlone = isLarge(message.payload);
    lastPlace += 1;
    this.place = lastPlace;
  }

  begin(): void {
    const { pool, reject } = this.#terms;
    let isBegin = true;
    this.#context.whenInterrupted((reason) => {
      if (this.#isEnded) return;
      this.abort = { reason };
      // Aborted before its turn, a listener has its turn all the same, as on the event loop.
      if (isBegin) return;
      if (pool.withdraw(this)) this.#end(() => reject(notBegun));
      else this.thread?.abort(this);
    });
    isBegin = false;
    pool.run(this);
  }

  /** The destination is closed by force. */
  giveUp(): void {
    const { pool, destination, reject } = this.#terms;
    if (pool.withdraw(this)) return this.#end(() => reject(notBegun));
    pool.endThreadOf(this);
    this.#end(() => reject(new WorkerLostError(destination.name, undefined)));
  }

  order(): { readonly order: OrderRest; readonly transfer: readonly Transferable[] } {
    const { transfer } = this.listener;
    const message = this.#message;
    const { headers, payload } = message;
    const { isMoved, destination } = this.#terms;
    // What was moved to a thread that is no more is lost with it.
    if (isMoved && this.#isPosted) throw new WorkerLostError(destination.name, undefined);
    return {
      order: [
        this.#context.attempt,
        this.#contexts,
        message.id,
        message.destinationName,
        message.sentAt,
        payload,
        hasAny(headers) ? { ...headers } : undefined,
        message.key,
        message.priority,
        message.responseDestinationName,
        message.responseId,
      ],
      transfer: isMoved && transfer !== undefined ? transfer(payload) : NOTHING,
    };
  }

  posted(): void {
    this.#isPosted = true;
  }

  isNext(isLoaded: boolean): void {
    if (this.#stage === "loaded" || (this.#stage === "first" && !isLoaded)) return;
    this.#stage = isLoaded ? "loaded" : "first";
    const { destination, terms } = this.#terms;
    const { name, listenerTimeoutMs } = destination;
    if (!isLoaded) {
      const { loadTimeoutMs } = terms;
      const problem = `was not loaded within ${loadTimeoutMs} ms`;
      this.#startTimer(loadTimeoutMs, () => new ListenerNotLoadedError(this.listener.url, problem));
    } else if (listenerTimeoutMs !== undefined) {
      this.#startTimer(listenerTimeoutMs, () => new ListenerTimeoutError(name, listenerTimeoutMs));
    } else {
      this.#timer?.cancel();
    }
  }

  takenBack(): void {
    this.#stage = "waiting";
    this.#timer?.cancel();
  }

  replied(value: unknown): void {
    try {
      this.#context.reply(value);
    } catch (error) {
      // In the thread nobody can be told any more; so the listener has failed.
      this.#replyError ??= { error };
    }
  }

  ended(report: EndReport): void {
    // To send it again to another thread would take longer than to wait.
    if (report.kind === "returned") this.#terms.took(this.goesAlone ? Infinity : report.took);
    this.#end(() => {
      const { resolve, reject } = this.#terms;
      if (report.kind === "not loaded") {
        const cause =
          report.cause === undefined ? {} : { cause: unpackError(report.cause, classes) };
        reject(new ListenerNotLoadedError(this.listener.url, report.problem, cause));
      } else if (report.kind === "failed") {
        reject(unpackError(report.error, classes));
      } else if (this.#replyError !== undefined) {
        reject(this.#replyError.error);
      } else {
        resolve(report.value);
      }
    });
  }

  lost(exitCode: number | undefined, cause: unknown): void {
    const { name } = this.#terms.destination;
    this.failed(new WorkerLostError(name, exitCode, cause === undefined ? undefined : { cause }));
  }

  failed(error: unknown): void {
    this.#end(() => this.#terms.reject(error));
  }

  #startTimer(afterMs: number, makeError: () => Error): void {
    this.#timer?.cancel();
    this.#timer = this.#terms.destination.clock.startTimer(afterMs, () => {
      const { pool, reject } = this.#terms;
      // Where this thread has been held up, the listener may have ended long ago.
      this.thread?.catchUp();
      if (this.#isEnded) return;
      // Nothing less ends a loop.
      pool.endThreadOf(this);
      this.#end(() => reject(makeError()));
    });
  }

  #end(tell: () => void): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#timer?.cancel();
    this.#terms.pool.done();
    this.#terms.ended(this);
    tell();
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
