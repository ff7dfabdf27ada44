import eventemitter2 from "eventemitter2";
import { nameOfTopic, type Publisher, type PublisherOptions } from "./publisher.ts";

export function createPublisher({ topics }: PublisherOptions): Publisher {
  const emitter = new eventemitter2.EventEmitter2({ maxListeners: 0 });
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
