import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import { AbortError } from "../errors/abort-error.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import { Message } from "../message/message.ts";
import { abort } from "../queue/abort-handler.ts";
import { Rejection, type RejectionReason } from "../queue/rejection.ts";
import { isThenable } from "../validation/thenable.ts";
import type { Delivery } from "../worker/delivery.ts";
import { runningWorker } from "../worker/running-worker.ts";
import type { DestinationCore } from "./destination-core.ts";
import type { Routing } from "./destination-environment.ts";
import { type RefusalHost, RefusedSend } from "./refused-send.ts";

/**
 * Lets the destination's handler decide about a message that was not taken in, and books what it decided.
 *
 * @param taken called when the message has been taken in after all
 */
export function turnAway(
  core: DestinationCore,
  delivery: Delivery,
  routing: Routing,
  reason: RejectionReason,
  taken: () => void,
): void | Promise<void> {
  const { message } = delivery;
  const refused = new RefusedSend(new TurnedAway(core, delivery, routing, taken), reason);
  const rejection = new Rejection(message, core.handle, reason, refused);
  const handler = core.configuration.rejectedExecutionHandler ?? abort;
  const handle = (): void | Promise<void> => handler(rejection);
  const decided = (): void => {
    const outcome = refused.end();
    if (outcome !== "rejected") routing.taken?.();
    if (outcome !== "taken") delivery.unwatch?.();
    if (outcome !== "taken") core.counters.turnedAway(outcome);
    if (outcome === "discarded") {
      core.events.tell("messageDiscarded", message, reason);
      const code = reason === "closed" ? "BUSLINE_CLOSED" : "BUSLINE_QUEUE_FULL";
      delivery.reply?.fail(new RejectedExecutionError(code, core.name));
    }
    core.checkIdle();
  };
  const failed = (error: unknown): never => {
    // A wait that the handler began and left behind ends with the handler, unless it has succeeded.
    if (!core.waiters.refuse(delivery, error) && delivery.stage !== "outside") {
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
  readonly #delivery: Delivery;
  readonly #routing: Routing;
  readonly #taken: () => void;

  constructor(core: DestinationCore, delivery: Delivery, routing: Routing, taken: () => void) {
    this.#core = core;
    this.#delivery = delivery;
    this.#routing = routing;
    this.#taken = taken;
  }

  get name(): string {
    return this.#core.name;
  }

  get isClosed(): boolean {
    return this.#core.environment.stage === "closed" || this.#core.isRemoved;
  }

  runInSendersTurn(): void | Promise<void> {
    // What a handler throws is booked as its refusal.
    this.#core.entrance.refuseIfTooDeep(false);
    return this.#core.entrance.runInTurn(this.#delivery, this.#routing);
  }

  discardOldestAndTake(): boolean {
    const { pool, waiters } = this.#core;
    if (pool === undefined) return false;
    // More than one gives way where the limit has become smaller; none does for whom others would go first.
    let isTaken = false;
    while (!isTaken && waiters.size === 0 && pool.discardOldest("queue-full")) {
      isTaken = pool.offer(this.#delivery);
    }
    if (isTaken) this.#taken();
    return isTaken;
  }

  waitForSpace(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { name, pool, environment, waiters } = this.#core;
    const sender = runningWorker();
    if (signal?.aborted) throw new AbortError(name, signal.reason);
    if (pool === undefined) throw new RejectedExecutionError("BUSLINE_QUEUE_FULL", name);
    // An asynchronous handler may come when there is room again.
    if (pool.offer(this.#delivery)) {
      this.#taken();
      return Promise.resolve();
    }
    if (environment.waits.wouldDeadlock(sender, pool)) {
      throw new RejectedExecutionError("BUSLINE_WAIT_DEADLOCK", name);
    }
    const refuse = (error: unknown): boolean => waiters.refuse(this.#delivery, error);
    const aborted = (): boolean => refuse(new AbortError(name, signal?.reason));
    const waiting = waiters.wait(this.#delivery);
    const waitEnds = environment.waits.begin(sender, pool, () =>
      refuse(new RejectedExecutionError("BUSLINE_WAIT_DEADLOCK", name)),
    );
    const deadline =
      timeoutMs === undefined
        ? undefined
        : environment.deadlines.set(timeoutMs, () =>
            refuse(new RejectedExecutionError("BUSLINE_WAIT_TIMEOUT", name)),
          );
    signal?.addEventListener("abort", aborted);
    environment.dispatcher.lookAround();
    this.#taken();
    return waiting.finally(() => {
      deadline?.cancel();
      waitEnds();
      signal?.removeEventListener("abort", aborted);
    });
  }

  divertTo(destinationName: string, taken: () => void): void | Promise<void> {
    const divertedBy = [...this.#routing.divertedBy, this.#core.name];
    if (divertedBy.includes(destinationName)) {
      throw new RejectedExecutionError("BUSLINE_DIVERSION_LOOP", destinationName);
    }
    const message = Message.readdressed(this.#delivery.message, destinationName);
    return this.#core.environment.route(message, { ...this.#routing, divertedBy, taken });
  }
}
