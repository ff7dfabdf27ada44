import type { Publisher, PublisherOptions } from "../peers/publisher.ts";

/** An array of the functions for each topic, and a loop that calls them. */
export function createPublisher({ topics }: PublisherOptions): Publisher {
  const lists = topics.map((listeners) => listeners.map(({ forPayload }) => forPayload));
  return {
    publish: (topic, payload) => {
      for (const receive of lists[topic] as ((payload: number) => void)[]) receive(payload);
    },
  };
}
