import type { Message } from "../message/message.ts";
import { isThenable } from "../validation/thenable.ts";

/** Where a listener's failure happened. */
export interface FailureContext {
  readonly message: Message;
  /** The destination's name. */
  readonly destination: string;
  readonly listenerName: string;
  /** Which attempt failed: 1 for the first. */
  readonly attempt: number;
  /** The listener will be given the message once more. */
  readonly willRetry: boolean;
}

/** Told of every listener's failure. May be asynchronous; a hook that throws or rejects harms nobody. */
export type ErrorHook = (error: unknown, context: FailureContext) => void | Promise<void>;

/** The method that busline calls; `console`, pino and others have it. */
export interface Logger {
  error(details: object, text: string): void;
}

/**
 * Tells somebody of every failure: the error hook; without one the logger; without either `process.emitWarning`. A
 * failure in the telling falls back to the warning, so that nothing is swallowed and nothing is fatal.
 */
export class FailureReporter {
  readonly #onError: ErrorHook | undefined;
  readonly #logger: Logger | undefined;

  constructor(onError: ErrorHook | undefined, logger: Logger | undefined) {
    this.#onError = onError;
    this.#logger = logger;
  }

  /** Tells the hook, if there is one. */
  listenerFailed(error: unknown, context: FailureContext): void {
    if (this.#onError === undefined) return;
    const hookFailed = (hookError: unknown): void => {
      this.#warn(`A listener of "${context.destination}" failed`, error);
      this.#warn("The error hook that was to be told of it failed too", hookError);
    };
    try {
      const told: unknown = this.#onError(error, context);
      if (isThenable(told)) Promise.resolve(told).catch(hookFailed);
    } catch (hookError) {
      hookFailed(hookError);
    }
  }

  /** Tells, where there is no hook, of a failure that neither a sender nor a requester gets. */
  nobodyTold(error: unknown, context: FailureContext): void {
    if (this.#onError !== undefined) return;
    this.problem(`A listener of "${context.destination}" failed`, error, context);
  }

  /** Something went wrong that no sender or listener can be told of. */
  problem(text: string, error: unknown, details?: object): void {
    if (this.#logger === undefined) return this.#warn(text, error);
    const logFailed = (logError: unknown): void => {
      this.#warn(text, error);
      this.#warn("The logger that was to be told of it failed too", logError);
    };
    try {
      const logged: unknown = this.#logger.error({ ...details, err: error }, text);
      if (isThenable(logged)) Promise.resolve(logged).catch(logFailed);
    } catch (logError) {
      logFailed(logError);
    }
  }

  #warn(text: string, error: unknown): void {
    process.emitWarning(`${text}: ${textOf(error)}`, {
      type: "BuslineWarning",
      code: "BUSLINE_WARNING",
    });
  }
}

/** What a thrown value says of itself; anything may be thrown, also what throws when it is read. */
function textOf(error: unknown): string {
  try {
    return String(error instanceof Error ? (error.stack ?? error.message) : error);
  } catch {
    return "(the thrown value cannot be printed)";
  }
}
