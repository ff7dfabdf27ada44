import { lmdbStore } from "@busline/store-lmdb";
import { DestinationConfiguration, MessageBus } from "busline";
import type { Order } from "../durable/order.ts";
import { type DurableQueue, type OpenDurableQueue, WORKERS } from "./durable-queue.ts";

const attributes = { durable: true, maximumQueueSize: Number.POSITIVE_INFINITY };

export const openParallel: OpenDurableQueue = (folder) =>
  open(
    folder,
    DestinationConfiguration.createParallelDestinationConfiguration("acme/orders", {
      ...attributes,
      workersCoreSize: WORKERS,
      workersMaxSize: WORKERS,
    }),
  );

export const openSerial: OpenDurableQueue = (folder) =>
  open(
    folder,
    DestinationConfiguration.createSerialDestinationConfiguration("acme/orders", attributes),
  );

async function open(
  folder: string,
  configuration: DestinationConfiguration,
): Promise<DurableQueue> {
  const bus = new MessageBus({ store: lmdbStore(folder) });
  const destination = bus.addDestination<Order>(configuration);
  await bus.ready();
  const pendingCount = (): number => {
    const { pendingMessageCount, activeMessageCount } = destination.statistics;
    return pendingMessageCount + activeMessageCount;
  };
  return {
    send: (order) => destination.send(order),
    deliver: (receive, acknowledged) => {
      const listen = async ({ payload }: { readonly payload: Order }): Promise<void> => {
        await receive(payload);
        // It is written down at the end of this run of code.
        acknowledged();
      };
      destination.listen(listen, { name: "bench" });
    },
    pendingCount,
    readBack: async (receive) => {
      const count = pendingCount();
      if (count === 0) return;
      await new Promise<void>((resolve) => {
        let left = count;
        destination.listen(
          ({ payload }) => {
            receive(payload);
            left -= 1;
            if (left === 0) resolve();
          },
          { name: "bench" },
        );
      });
    },
    close: async () => {
      await bus.close();
    },
  };
}
