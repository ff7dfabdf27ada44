import { Deferred, Effect, Fiber, Queue } from "effect";
import type { Requester, RequesterOptions } from "./requester.ts";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";

/** As many fibers as the concurrency says, each taking one message after the other. */
export function createTakeQueue({ listener, concurrency = 1 }: WorkQueueOptions): WorkQueue {
  const receive = listener.forPayload;
  const work = listener.isAsynchronous
    ? (payload: number) => Effect.promise(() => receive(payload) as Promise<void>)
    : (payload: number) => Effect.sync(() => receive(payload));
  return withFibers(concurrency, (queue) => endlessly(Effect.flatMap(Queue.take(queue), work)));
}

/** One fiber that takes all that waits at a time, for a synchronous listener. */
export function createTakeAllQueue({ listener }: WorkQueueOptions): WorkQueue {
  const receive = listener.forPayload;
  const work = (payloads: readonly number[]): Effect.Effect<void> =>
    Effect.sync(() => {
      for (const payload of payloads) void receive(payload);
    });
  return withFibers(1, (queue) => endlessly(Effect.flatMap(Queue.takeAll(queue), work)));
}

/** Without giving way after each message, which would cost more than all the rest: fibers give way by themselves. */
function endlessly(work: Effect.Effect<unknown>): Effect.Effect<never> {
  return Effect.forever(work, { disableYield: true });
}

function withFibers(
  count: number,
  consume: (queue: Queue.Queue<number>) => Effect.Effect<unknown>,
): WorkQueue {
  const queue = Effect.runSync(Queue.unbounded<number>());
  const fibers = Array.from({ length: count }, () => Effect.runFork(consume(queue)));
  return {
    push: (payload) => {
      Queue.offerUnsafe(queue, payload);
    },
    close: () => Effect.runPromise(Fiber.interruptAll(fibers)),
  };
}

interface Question {
  readonly payload: number;
  readonly reply: Deferred.Deferred<number>;
}

/** As many fibers as busline has workers at most; a `Deferred` carries the reply. */
export function createRequester({ answer }: RequesterOptions): Requester {
  const queue = Effect.runSync(Queue.unbounded<Question>());
  const work = ({ payload, reply }: Question): Effect.Effect<boolean> =>
    Effect.flatMap(
      Effect.promise(() => answer.forPayload(payload)),
      (value) => Deferred.succeed(reply, value),
    );
  const fibers = Array.from({ length: 5 }, () =>
    Effect.runFork(endlessly(Effect.flatMap(Queue.take(queue), work))),
  );
  return {
    request: (payload) => {
      const reply = Deferred.makeUnsafe<number>();
      Queue.offerUnsafe(queue, { payload, reply });
      return Effect.runPromise(Deferred.await(reply));
    },
    close: () => Effect.runPromise(Fiber.interruptAll(fibers)),
  };
}
