import { type Destination, DestinationConfiguration, MessageBus } from "busline";
import {
  type CreateDestinationField,
  type DestinationField,
  type DestinationFieldOptions,
  nameOfDestination,
} from "./destination-field.ts";

type Configure = (name: string) => DestinationConfiguration;

interface Field {
  readonly bus: MessageBus;
  readonly names: readonly string[];
  readonly destinations: readonly Destination<number>[];
}

const synchronous: Configure = (name) =>
  DestinationConfiguration.createSynchronousDestinationConfiguration(name);
const serial: Configure = (name) =>
  DestinationConfiguration.createSerialDestinationConfiguration(name);
const parallel: Configure = (name) =>
  DestinationConfiguration.createParallelDestinationConfiguration(name);

export const createSynchronousField: CreateDestinationField = (options) =>
  byName(options, synchronous);
export const createSerialField: CreateDestinationField = (options) => byName(options, serial);
export const createParallelField: CreateDestinationField = (options) => byName(options, parallel);

/** `destination.send`. */
export const createHandleField: CreateDestinationField = (options) => {
  const { bus, destinations } = createField(options, synchronous);
  return {
    isQueued: false,
    send: (destination, payload) => {
      void (destinations[destination] as Destination<number>).send(payload);
    },
    close: () => close(bus),
  };
};

/** `bus.send`, which looks the destination up by its name. */
function byName(options: DestinationFieldOptions, configure: Configure): DestinationField {
  const { bus, names } = createField(options, configure);
  return {
    isQueued: configure !== synchronous,
    send: (destination, payload) => {
      void bus.send(names[destination] as string, payload);
    },
    close: () => close(bus),
  };
}

function createField({ count, receive }: DestinationFieldOptions, configure: Configure): Field {
  const bus = new MessageBus();
  const destinations = Array.from({ length: count }, (_, destination) => {
    const added = bus.addDestination<number>(configure(nameOfDestination(destination)));
    added.listen((message) => {
      receive(message.payload);
    });
    return added;
  });
  return { bus, destinations, names: destinations.map(({ name }) => name) };
}

async function close(bus: MessageBus): Promise<void> {
  await bus.close();
}
