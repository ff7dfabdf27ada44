import {
  abort,
  DestinationConfiguration,
  discard,
  discardOldest,
  MessageBus,
  RejectedExecutionError,
  type RejectedExecutionHandler,
} from "busline";
import { CONCURRENCY, type FloodedQueue, type FloodedQueueOptions } from "./flooded-queue.ts";

export function createAborting(options: FloodedQueueOptions): FloodedQueue {
  return createFlooded(options, abort);
}

export function createDiscarding(options: FloodedQueueOptions): FloodedQueue {
  return createFlooded(options, discard);
}

export function createDiscardingOldest(options: FloodedQueueOptions): FloodedQueue {
  return createFlooded(options, discardOldest);
}

function createFlooded(
  { listener, refused }: FloodedQueueOptions,
  rejectedExecutionHandler: RejectedExecutionHandler,
): FloodedQueue {
  const bus = new MessageBus();
  const destination = bus.addDestination<number>(
    DestinationConfiguration.createParallelDestinationConfiguration("acme/flooded", {
      rejectedExecutionHandler,
      workersCoreSize: CONCURRENCY,
      workersMaxSize: CONCURRENCY,
    }),
  );
  destination.listen(listener);
  destination.addDestinationEventListener({ messageDiscarded: refused });
  return {
    send: (payload) => {
      try {
        void destination.send(payload);
      } catch (error) {
        if (!(error instanceof RejectedExecutionError)) throw error;
        refused();
      }
    },
    finished: () => bus.drain(),
  };
}
