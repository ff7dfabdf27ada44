import type { Transferable } from "node:worker_threads";
import * as busline from "busline";
import {
  ListenerNotLoadedError,
  ListenerTimeoutError,
  type Message,
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

interface DeliveryTerms {
  readonly listener: ListenerOfModule;
  /** What its `transfer` names may be moved. */
  readonly isMoved: boolean;
  readonly pool: ThreadPool;
  readonly destination: PlacedDestination;
  readonly terms: ThreadTerms;
  /** Told how many milliseconds a listener has taken. */
  readonly took: (ms: number) => void;
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
  thread: PoolThread | undefined;
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
  }

  begin(): void {
    const { pool } = this.#terms;
    this.#context.whenInterrupted((reason) => {
      if (this.#isEnded) return;
      if (pool.withdraw(this)) this.#end(() => this.#terms.reject(reason));
      else this.thread?.abort(this, reason);
    });
    pool.run(this);
  }

  order(): { readonly order: OrderRest; readonly transfer: readonly Transferable[] } {
    const { transfer } = this.listener;
    const message = this.#message;
    const { headers, payload } = message;
    const { isMoved } = this.#terms;
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
        message.responseDestinationName,
        message.responseId,
      ],
      transfer: isMoved && transfer !== undefined ? transfer(payload) : NOTHING,
    };
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
    if (report.kind === "returned") this.#terms.took(report.took);
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
      // Nothing less ends a loop.
      this.#end(() => reject(makeError()));
      pool.endThreadOf(this);
    });
  }

  #end(tell: () => void): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#timer?.cancel();
    tell();
  }
}

function hasAny(headers: object): boolean {
  for (const _ in headers) return true;
  return false;
}
