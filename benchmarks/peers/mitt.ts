import mittModule from "mitt";
import { nameOfTopic, type Publisher, type PublisherOptions } from "./publisher.ts";

// Its types describe a CommonJS module; what is imported is the function.
const mitt = mittModule as unknown as typeof mittModule.default;

export function createPublisher({ topics }: PublisherOptions): Publisher {
  const emitter = mitt<Record<string, number>>();
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
