import { setImmediate as nextTurn } from "node:timers/promises";
import {
  abort,
  AbortError,
  callerRuns,
  type CloseReport,
  type Destination,
  DestinationConfiguration,
  discard,
  discardOldest,
  type Message,
  MessageBus,
  type MessageListenerContext,
  type Registration,
  RejectedExecutionError,
  type RejectedExecutionHandler,
  waitForSpace,
} from "busline";
import { ManualClock } from "busline/testing";
import type { Ending, ModelSettings, Policy } from "./reference-model.ts";

export const IDLE_MS = 1_000;
export const DESTINATION = "property/destination";

export const handlers: Record<Policy, RejectedExecutionHandler> = {
  abort,
  callerRuns,
  discard,
  discardOldest,
  waitForSpace: waitForSpace(),
};

/** What became of one `send` or `request`, as its sender saw it. */
export interface Sent {
  readonly id: string;
  readonly isRequest: boolean;
  /** The listeners of that moment. */
  readonly recipients: readonly string[];
  state: "called" | "waiting" | "accepted" | "rejected" | "failed";
  /** How often the sender heard how it ended. */
  settledCount: number;
  error: unknown;
  /** It was refused, or gave up, before any listener had started. */
  hasGivenUp: boolean;
  /** It was given a promise. */
  hasWaited: boolean;
  /** Whether there was room, or a free worker, when it was refused for want of them. */
  wasRefusedForNothing: boolean;
}

/** One listener with one message, as the listener saw it. */
export interface Run {
  readonly id: string;
  readonly listener: string;
  readonly context: MessageListenerContext;
  /** Begun within the call of `send`. */
  readonly inSendersTurn: boolean;
  readonly whilePaused: boolean;
  hasEnded: boolean;
  hasFailed: boolean;
  end(isFailure: boolean): void;
}

/** What else a rig can be given. */
export interface RigOptions {
  /** Default: a manual clock. */
  readonly clock?: ManualClock;
  /** Told of each listener that waits to be let go. Default: nobody. */
  readonly onHeld?: (run: Run) => void;
}

/** A real bus with one destination, and the ledger that its senders and listeners keep by themselves. */
export class Rig {
  readonly clock: ManualClock;
  readonly bus: MessageBus;
  readonly destination: Destination<Ending>;
  readonly sent: Map<string, Sent> = new Map();
  readonly notSent: Sent[] = [];
  /** Messages whose outcome was compared with the model's, and those of them that may still change. */
  readonly compared: Set<string> = new Set();
  readonly undecided: Set<string> = new Set();
  readonly runs: Run[] = [];
  /** Runs that wait to be let go, in the order of their start. */
  readonly held: Run[] = [];
  readonly discarded: string[] = [];
  readonly undelivered: string[] = [];
  readonly reportedFailures: string[] = [];
  readonly registrations: { readonly name: string; readonly registration: Registration }[] = [];
  /** Listeners that have unregistered. */
  readonly left: Set<string> = new Set();
  closing: Promise<CloseReport> | undefined;
  #sending = false;
  #listenersEver = 0;
  readonly #onHeld: ((run: Run) => void) | undefined;

  constructor(settings: ModelSettings, options: RigOptions = {}) {
    this.clock = options.clock ?? new ManualClock();
    this.#onHeld = options.onHeld;
    this.bus = new MessageBus({
      clock: this.clock,
      onError: (_error, { message, listenerName }) => {
        this.reportedFailures.push(`${message.id}@${listenerName}`);
      },
    });
    this.destination = this.bus.addDestination<Ending>(configurationOf(settings));
    this.destination.addDestinationEventListener({
      messageDiscarded: ({ id }) => this.discarded.push(id),
      messageUndelivered: ({ id }) => this.undelivered.push(id),
    });
  }

  /** Lets all that can happen without the listeners' or the clock's doing happen. */
  async settle(): Promise<void> {
    await nextTurn();
  }

  send(id: string, ending: Ending, signal?: AbortSignal): void {
    const options = signal === undefined ? { id } : { id, signal };
    this.#ask(id, false, signal, () => this.destination.send(ending, options));
  }

  request(id: string, ending: Ending, options: { timeoutMs: number; signal?: AbortSignal }): void {
    this.#ask(id, true, options.signal, async () => {
      const reply = await this.destination.request(ending, { id, ...options });
      // No cross-talk: what comes back is what was asked.
      if (reply !== id) throw new Error(`The reply to ${id} is ${String(reply)}.`);
    });
  }

  #ask(
    id: string,
    isRequest: boolean,
    signal: AbortSignal | undefined,
    call: () => void | Promise<void>,
  ): void {
    const recipients = this.registrations.map(({ name }) => name);
    const sent: Sent = {
      ...{ id, isRequest, recipients, state: "called", settledCount: 0, error: undefined },
      hasGivenUp: false,
      hasWaited: false,
      wasRefusedForNothing: false,
    };
    // A signal that had been aborted before: not sent at all.
    if (signal?.aborted) this.notSent.push(sent);
    else this.sent.set(id, sent);
    const refused = (error: unknown): void => {
      const isRefusal = error instanceof RejectedExecutionError || error instanceof AbortError;
      sent.state = isRefusal ? "rejected" : "failed";
      sent.settledCount += 1;
      sent.error = error;
      sent.hasGivenUp = !this.hasStarted(id);
    };
    const accepted = (): void => {
      sent.state = "accepted";
      sent.settledCount += 1;
    };
    this.#sending = true;
    try {
      const waiting = call();
      if (waiting === undefined) accepted();
      else {
        sent.state = "waiting";
        sent.hasWaited = true;
        waiting.then(accepted, refused);
      }
    } catch (error) {
      refused(error);
      sent.wasRefusedForNothing = isQueueFull(error) && this.#hasRoom();
    }
    this.#sending = false;
  }

  #hasRoom(): boolean {
    const { maximumQueueSize } = this.destination.configuration;
    if (maximumQueueSize === undefined) return !this.destination.isPaused;
    const { pendingMessageCount, activeWorkerCount, workersMaxSize } = this.destination.statistics;
    const hasWorker = activeWorkerCount < workersMaxSize && !this.destination.isPaused;
    return hasWorker || pendingMessageCount < maximumQueueSize;
  }

  hasStarted(id: string): boolean {
    return this.runs.some((run) => run.id === id);
  }

  addListener(): string {
    this.#listenersEver += 1;
    const name = `L${this.#listenersEver}`;
    const registration = this.destination.listen(
      (message, context) => this.#receive(name, message, context),
      { name },
    );
    this.registrations.push({ name, registration });
    return name;
  }

  removeListener(name: string): void {
    const at = this.registrations.findIndex((registered) => registered.name === name);
    if (at < 0) return;
    this.left.add(name);
    for (const { registration } of this.registrations.splice(at, 1)) registration.unregister();
  }

  close(deadlineMs: number): void {
    this.closing = this.bus.close({ deadlineMs });
  }

  #receive(
    listener: string,
    { id, payload: ending, responseId }: Message<Ending>,
    context: MessageListenerContext,
  ): string | undefined | Promise<string | undefined> {
    const { promise, resolve, reject } = deferred<string | undefined>();
    const reply = responseId === undefined ? undefined : id;
    const run: Run = {
      ...{ id, listener, context, inSendersTurn: this.#sending },
      whilePaused: this.destination.isPaused,
      hasEnded: ending !== "held",
      hasFailed: ending === "throws",
      end: (isFailure) => {
        this.held.splice(this.held.indexOf(run), 1);
        run.hasEnded = true;
        run.hasFailed = isFailure;
        if (isFailure) reject(failureOf(id, listener));
        else resolve(reply);
      },
    };
    this.runs.push(run);
    if (ending === "throws") throw failureOf(id, listener);
    if (ending === "leaves") this.removeListener(listener);
    if (ending !== "held") return reply;
    this.held.push(run);
    this.#onHeld?.(run);
    return promise;
  }
}

interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

function deferred<Value>(): Deferred<Value> {
  let resolve!: (value: Value) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<Value>((resolved, rejected) => {
    [resolve, reject] = [resolved, rejected];
  });
  return { promise, resolve, reject };
}

export function configurationOf(settings: ModelSettings): DestinationConfiguration {
  const { kind, policy, limit, core, max } = settings;
  if (kind === "synchronous") return new DestinationConfiguration(kind, DESTINATION);
  return new DestinationConfiguration(kind, DESTINATION, {
    maximumQueueSize: limit,
    rejectedExecutionHandler: handlers[policy],
    ...(kind === "parallel" ? { workersCoreSize: core, workersMaxSize: max } : {}),
    workersIdleTimeoutMs: IDLE_MS,
  });
}

function isQueueFull(error: unknown): boolean {
  return error instanceof RejectedExecutionError && error.code === "BUSLINE_QUEUE_FULL";
}

function failureOf(id: string, listener: string): Error {
  return new Error(`${listener} fails ${id}`);
}
