import {
  type DestinationAttributes,
  DestinationConfiguration,
  MessageBus,
  discard,
  discardOldest,
  waitForSpace,
} from "busline";
import type { BoundedQueue } from "./bounded-queue.ts";
import type { WorkListener } from "./work-listener.ts";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";

export function createSerialQueue(options: WorkQueueOptions): BoundedQueue {
  return createQueue(
    DestinationConfiguration.createSerialDestinationConfiguration("acme/work", boundOf(options)),
    [options.listener],
  );
}

/** As many workers as messages may be at work; by default, 2 to 5. */
export function createParallelQueue(options: WorkQueueOptions): BoundedQueue {
  return createQueue(createParallelConfiguration(options), [options.listener]);
}

/** One destination with several listeners, each of which gets every message. */
export function createFanOut(
  type: "serial" | "parallel",
  listeners: readonly WorkListener[],
): WorkQueue {
  const options = { maximumQueueSize: Number.POSITIVE_INFINITY };
  return createQueue(
    type === "serial"
      ? DestinationConfiguration.createSerialDestinationConfiguration("acme/work", options)
      : createParallelConfiguration(options),
    listeners,
  );
}

type Bounds = Omit<WorkQueueOptions, "listener">;

function createParallelConfiguration({ concurrency, ...bounds }: Bounds): DestinationConfiguration {
  return DestinationConfiguration.createParallelDestinationConfiguration("acme/work", {
    ...boundOf(bounds),
    ...(concurrency === undefined
      ? {}
      : { workersCoreSize: concurrency, workersMaxSize: concurrency }),
  });
}

function boundOf({ maximumQueueSize, whenFull }: Bounds): DestinationAttributes {
  return {
    ...(maximumQueueSize === undefined ? {} : { maximumQueueSize }),
    ...(whenFull === undefined ? {} : { rejectedExecutionHandler: HANDLERS[whenFull] }),
  };
}

const HANDLERS = {
  wait: waitForSpace(),
  "drop the oldest": discardOldest,
  "drop the newest": discard,
};

function createQueue(
  configuration: DestinationConfiguration,
  listeners: readonly WorkListener[],
): BoundedQueue {
  const bus = new MessageBus();
  const destination = bus.addDestination<number>(configuration);
  for (const { forMessage } of listeners) destination.listen(forMessage);
  return {
    push: (payload) => destination.send(payload),
    dropped: () => destination.statistics.discardedMessageCount,
    close: async () => {
      await bus.close();
    },
  };
}
