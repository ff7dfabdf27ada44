import { type Destination, DestinationConfiguration, MessageBus } from "busline";
import { nameOfTopic, type Publisher, type PublisherOptions } from "./publisher.ts";

function createDestinations({ topics }: PublisherOptions): {
  readonly bus: MessageBus;
  readonly destinations: readonly Destination<number>[];
} {
  const bus = new MessageBus();
  const destinations = topics.map((listeners, topic) => {
    const destination = bus.addDestination<number>(
      DestinationConfiguration.createSynchronousDestinationConfiguration(nameOfTopic(topic)),
    );
    for (const { forMessage } of listeners) destination.listen(forMessage);
    return destination;
  });
  return { bus, destinations };
}

/** `destination.send`. The listeners return nothing, so there is nothing to wait for. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { bus, destinations } = createDestinations(options);
  return {
    publish: (topic, payload) => {
      void (destinations[topic] as Destination<number>).send(payload);
    },
    close: async () => {
      await bus.close();
    },
  };
}

/** `bus.send`, which looks the destination up by its name. */
export function createPublisherByName(options: PublisherOptions): Publisher {
  const { bus, destinations } = createDestinations(options);
  const names = destinations.map(({ name }) => name);
  return {
    publish: (topic, payload) => {
      void bus.send(names[topic] as string, payload);
    },
    close: async () => {
      await bus.close();
    },
  };
}
