import { createNanoEvents } from "nanoevents";
import { nameOfTopic, type Publisher, type PublisherOptions } from "./publisher.ts";

export function createPublisher({ topics }: PublisherOptions): Publisher {
  const emitter = createNanoEvents<Record<string, (payload: number) => void>>();
  const names = topics.map((_, topic) => nameOfTopic(topic));
  topics.forEach((listeners, topic) => {
    for (const { forPayload } of listeners) emitter.on(names[topic] as string, forPayload);
  });
  return {
    publish: (topic, payload) => {
      emitter.emit(names[topic] as string, payload);
    },
  };
}
