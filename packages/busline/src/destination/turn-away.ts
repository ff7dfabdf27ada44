import { dropOldest } from "../worker/dropped-messages.ts";
import { Alarm } from "../clock/alarm.ts";
import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import { AbortError } from "../errors/abort-error.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import { Message } from "../message/message.ts";
import { abort } from "../queue/abort-handler.ts";
import { Rejection, type RejectionReason } from "../queue/rejection.ts";
import { isThenable } from "../validation/thenable.ts";
import { runningWorker } from "../worker/running-worker.ts";
import type { DestinationCore } from "./destination-core.ts";
import type { Routing } from "./destination-environment.ts";
import { type RefusalHost, RefusedSend } from "./refused-send.ts";
import { unwatchSender } from "./sender-watch.ts";

/** Lets the destination's handler decide about a message that was not taken in, and books what it decided. */
export function turnAway(
  core: DestinationCore,
  message: Message,
  routing: Routing,
  reason: RejectionReason,
): void | Promise<void> {
  const refused = new RefusedSend(new TurnedAway(core, message, routing), reason);
  const rejection = new Rejection(message, core.handle, reason, refused);
  const handler = core.configuration.rejectedExecutionHandler ?? abort;
  const handle = (): void | Promise<void> => handler(rejection);
  const decided = (): void => {
    const outcome = refused.end();
    if (outcome !== "rejected") routing.taken?.();
    if (outcome !== "taken") {
      unwatchSender(core, message);
      core.counters.turnedAway(outcome);
    }
    if (outcome === "expired") core.events.tell("messageDiscarded", message, "expired");
    if (outcome === "discarded") {
      core.events.tell("messageDiscarded", message, reason);
      const code = reason === "closed" ? "BUSLINE_CLOSED" : "BUSLINE_QUEUE_FULL";
      Message.extrasOf(message).request?.fail(new RejectedExecutionError(code, core.name));
    }
    core.checkIdle();
  };
  const failed = (error: unknown): never => {
    // A wait that the handler began and left behind ends with the handler, unless it has succeeded.
    const progress = Message.progressOf(message);
    const isIn = progress !== undefined && !(progress instanceof Message);
    if (!core.waiters.refuse(message, error) && isIn) {
      refused.outcome = "taken";
    }
    refused.outcome ??= "rejected";
    decided();
    throw error;
  };
  let handling: unknown;
  try {
    const trace = { message, destinationName: core.name, reason };
    handling = isObserved(channels.reject) ? traced(channels.reject, trace, handle) : handle();
  } catch (error) {
    return failed(error);
  }
  if (!isThenable(handling) && refused.goingOn === undefined) return decided();
  return Promise.resolve(handling)
    .then(() => refused.goingOn)
    .then(decided, failed);
}

/** What the handler of one message can do at its destination. */
class TurnedAway implements RefusalHost {
  readonly #core: DestinationCore;
  readonly #message: Message;
  readonly #routing: Routing;

  constructor(core: DestinationCore, message: Message, routing: Routing) {
    this.#core = core;
    this.#message = message;
    this.#routing = routing;
  }

  get name(): string {
    return this.#core.name;
  }

  get isClosed(): boolean {
    return this.#core.environment.stage === "closed" || this.#core.isRemoved;
  }

  get hasExpired(): boolean {
    const { timing } = Message.extrasOf(this.#message);
    return timing !== undefined && timing.expiresAt <= this.#core.environment.clock.monotonicNow();
  }

  runInSendersTurn(): void | Promise<void> {
    // What a handler throws is booked as its refusal.
    this.#core.entrance.refuseIfTooDeep(false);
    const { timing } = Message.extrasOf(this.#message);
    const now = this.#core.environment.clock.monotonicNow();
    // Its time has not come, so it cannot run now, and there is no room to wait.
    if (timing !== undefined && timing.notBefore > now) {
      throw new RejectedExecutionError("BUSLINE_QUEUE_FULL", this.name);
    }
    return this.#core.entrance.runInTurn(this.#message, this.#routing, false)?.ending;
  }

  discardOldestAndTake(): boolean {
    const { durable, pool, waiters } = this.#core;
    if (pool === undefined) return false;
    let isTaken = false;
    // None gives way to one for whom others would go first.
    if (durable?.reader.hasPassedOver === true && waiters.size === 0) {
      isTaken = durable.evictions.evict() && durable.intake.takeIn(this.#message, true);
    }
    // More than one gives way where the limit has become smaller.
    while (!isTaken && waiters.size === 0 && dropOldest(pool, "queue-full")) {
      isTaken = pool.offer(this.#message);
    }
    if (isTaken) this.#accepted();
    return isTaken;
  }

  waitForSpace(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { name, pool, environment, waiters } = this.#core;
    const { timing } = Message.extrasOf(this.#message);
    const sender = this.#routing.isLetter ? undefined : runningWorker();
    if (signal?.aborted) throw new AbortError(name, signal.reason);
    if (pool === undefined) throw new RejectedExecutionError("BUSLINE_QUEUE_FULL", name);
    // An asynchronous handler may come when there is room again.
    if (pool.offer(this.#message)) {
      this.#accepted();
      return Promise.resolve();
    }
    if (environment.waits.wouldDeadlock(sender, pool)) {
      throw new RejectedExecutionError("BUSLINE_WAIT_DEADLOCK", name);
    }
    const refuse = (error: unknown): boolean => waiters.refuse(this.#message, error);
    const aborted = (): boolean => refuse(new AbortError(name, signal?.reason));
    const waiting = waiters.wait(this.#message);
    pool.lookAgain();
    const waitEnds = environment.waits.begin(sender, pool, () =>
      refuse(new RejectedExecutionError("BUSLINE_WAIT_DEADLOCK", name)),
    );
    const deadline = new Alarm(() =>
      refuse(new RejectedExecutionError("BUSLINE_WAIT_TIMEOUT", name)),
    );
    if (timeoutMs !== undefined) environment.deadlines.set(timeoutMs, deadline);
    // One that is put off needs room in the queue; when its time has come a free worker will do.
    const untilDueMs = (timing?.notBefore ?? 0) - environment.clock.monotonicNow();
    const due = new Alarm(() => pool.leftQueue());
    if (untilDueMs > 0) environment.deadlines.set(untilDueMs, due);
    signal?.addEventListener("abort", aborted);
    environment.dispatcher.lookAround();
    // It can be given up from now on; that it has been taken is told when it has.
    this.#core.entrance.accepted(this.#message, { ...this.#routing, taken: undefined });
    return waiting.finally(() => {
      due.cancelDeadline();
      deadline.cancelDeadline();
      waitEnds();
      signal?.removeEventListener("abort", aborted);
    });
  }

  divertTo(destinationName: string, taken: () => void): void | Promise<void> {
    const divertedBy = [...this.#routing.divertedBy, this.#core.name];
    if (divertedBy.includes(destinationName)) {
      throw new RejectedExecutionError("BUSLINE_DIVERSION_LOOP", destinationName);
    }
    const { environment } = this.#core;
    const from = Message.momentOf(this.#message);
    const to = environment.momentAt(destinationName, from.sentAt);
    const message = Message.resent(this.#message, to, this.#message.payload);
    const routing = { ...this.#routing, divertedBy, taken, isKnown: false };
    return environment.route(message, routing);
  }

  #accepted(): void {
    this.#core.entrance.accepted(this.#message, this.#routing);
  }
}
