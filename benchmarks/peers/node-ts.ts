import { Bus, type Logger } from "@node-ts/bus-core";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";

/** An event, by its shape. */
class Work {
  readonly $name = "work";
  readonly $version = 1;
  readonly payload: number;

  constructor(payload: number) {
    this.payload = payload;
  }
}

function silent(): void {
  // Its log goes nowhere.
}

const logger: Logger = {
  debug: silent,
  trace: silent,
  info: silent,
  warn: silent,
  error: silent,
  fatal: silent,
};

/** Its queue in memory is polled. */
export async function createQueue({
  listener,
  concurrency = 1,
}: WorkQueueOptions): Promise<WorkQueue> {
  const receive = listener.forPayload;
  const bus = Bus.configure()
    .withLogger(() => logger)
    .withConcurrency(concurrency)
    .withHandler({ messageType: Work, messageHandler: ({ payload }: Work) => receive(payload) })
    .build();
  await bus.initialize();
  await bus.start();
  return {
    push: (payload) => {
      void bus.publish(new Work(payload));
    },
    close: () => bus.dispose(),
  };
}
