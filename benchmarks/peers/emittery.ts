import Emittery from "emittery";
import { nameOfTopic, type Publisher, type PublisherOptions } from "./publisher.ts";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";

export function createPublisher({ topics }: PublisherOptions): Publisher {
  const emitter = new Emittery<Record<string, number>>();
  const names = topics.map((_, topic) => nameOfTopic(topic));
  topics.forEach((listeners, topic) => {
    for (const { forPayload } of listeners) emitter.on(names[topic] as string, forPayload);
  });
  return {
    isAwaited: true,
    publish: (topic, payload) => emitter.emit(names[topic] as string, payload),
  };
}

/** It knows no bound of what is at work at a time. */
export function createQueue({ listener }: WorkQueueOptions): WorkQueue {
  const emitter = new Emittery<{ work: number }>();
  emitter.on("work", listener.forPayload);
  return {
    push: (payload) => {
      void emitter.emit("work", payload);
    },
  };
}
