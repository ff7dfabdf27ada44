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
import type { DeliverOrder, Report } from "./crossing.ts";
import type { ListenerOfModule } from "./module-listener.ts";
import type { ThreadPool } from "./thread-pool.ts";
import type { ThreadTask } from "./thread-task.ts";
import type { ThreadTerms } from "./thread-workers.ts";
import { readContexts } from "./travelling-context.ts";

/** Errors that a listener may throw and that are to be told by their class. */
const classes = Object.fromEntries(
  Object.entries(busline).filter(([name]) => name.endsWith("Error")),
) as Readonly<Record<string, { readonly prototype: Error }>>;

interface DeliveryTerms {
  readonly listener: ListenerOfModule;
  /** What its `transfer` names may be moved. */
  readonly isMoved: boolean;
  readonly pool: ThreadPool;
  readonly destination: PlacedDestination;
  readonly terms: ThreadTerms;
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
  #timer: Timer | undefined;
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
      else pool.abort(this, reason);
    });
    pool.run(this);
  }

  order(task: number): {
    readonly order: DeliverOrder;
    readonly transfer: readonly Transferable[];
  } {
    const { url, exportName, transfer } = this.listener;
    const message = this.#message;
    const { isMoved, terms } = this.#terms;
    this.#startTimer(terms.loadTimeoutMs, () => {
      const problem = `was not loaded within ${terms.loadTimeoutMs} ms`;
      return new ListenerNotLoadedError(url, problem);
    });
    return {
      order: {
        kind: "deliver",
        task,
        url,
        exportName,
        message: {
          id: message.id,
          destinationName: message.destinationName,
          sentAt: message.sentAt,
          payload: message.payload,
          headers: { ...message.headers },
          key: message.key,
          responseDestinationName: message.responseDestinationName,
          responseId: message.responseId,
        },
        attempt: this.#context.attempt,
        contexts: this.#contexts,
      },
      transfer: isMoved && transfer !== undefined ? [...transfer(message.payload)] : [],
    };
  }

  began(): void {
    const { name, listenerTimeoutMs } = this.#terms.destination;
    this.#timer?.cancel();
    if (listenerTimeoutMs === undefined) return;
    this.#startTimer(listenerTimeoutMs, () => new ListenerTimeoutError(name, listenerTimeoutMs));
  }

  replied(value: unknown): void {
    try {
      this.#context.reply(value);
    } catch (error) {
      // In the thread nobody can be told any more; so the listener has failed.
      this.#replyError ??= { error };
    }
  }

  ended(report: Extract<Report, { readonly kind: "returned" | "failed" | "not loaded" }>): void {
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
