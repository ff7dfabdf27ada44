import { Bus } from "@boringnode/bus";
import { memory, type MemoryTransport } from "@boringnode/bus/transports/memory";
import { nameOfTopic, type Publisher, type PublisherOptions } from "./publisher.ts";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";

/** Its transport in memory keeps every message that ever came, which no program could bear: they are dropped in time. */
const KEPT_MESSAGES = 1_024;

/** Two buses, since a bus does not hear what it says itself. */
class BusPair {
  readonly sending: Bus = new Bus(memory()());
  readonly #transport: MemoryTransport = memory()();
  readonly receiving: Bus = new Bus(this.#transport);
  #published = 0;

  publish(channel: string, payload: number): Promise<boolean> {
    this.#published += 1;
    if (this.#published % KEPT_MESSAGES === 0) this.#transport.receivedMessages.length = 0;
    return this.sending.publish(channel, payload);
  }

  async close(): Promise<void> {
    await this.sending.disconnect();
    await this.receiving.disconnect();
  }
}

export async function createPublisher({ topics }: PublisherOptions): Promise<Publisher> {
  const pair = new BusPair();
  const names = topics.map((_, topic) => nameOfTopic(topic));
  for (const [topic, listeners] of topics.entries())
    for (const { forPayload } of listeners)
      await pair.receiving.subscribe(names[topic] as string, forPayload);
  return {
    isAwaited: true,
    publish: (topic, payload) => pair.publish(names[topic] as string, payload),
    close: () => pair.close(),
  };
}

let queues = 0;

/** It knows no bound of what is at work at a time. */
export async function createQueue({ listener }: WorkQueueOptions): Promise<WorkQueue> {
  const pair = new BusPair();
  // All buses in memory of a process share their channels.
  queues += 1;
  const channel = `work-${queues}`;
  await pair.receiving.subscribe(channel, listener.forPayload);
  return {
    push: (payload) => {
      void pair.publish(channel, payload);
    },
    close: () => pair.close(),
  };
}
