import { DestinationConfiguration, MessageBus } from "busline";
import type { Wiring } from "./wiring.ts";

type Listener = (message: { readonly payload: number }) => void | Promise<void>;

/** One bus, everything by default. */
export function createWiring(): Wiring {
  const bus = new MessageBus();
  const add = (
    configuration: DestinationConfiguration,
    listeners: readonly Listener[],
  ): ((payload: number) => void) => {
    const destination = bus.addDestination<number>(configuration);
    for (const listener of listeners) destination.listen(listener);
    return (payload) => {
      void destination.send(payload);
    };
  };
  const serial = (name: string, listener: Listener): ((payload: number) => void) =>
    add(DestinationConfiguration.createSerialDestinationConfiguration(name), [listener]);
  const parallel = (name: string, listener: Listener): ((payload: number) => void) =>
    add(DestinationConfiguration.createParallelDestinationConfiguration(name), [listener]);
  return {
    synchronous: (name, listeners) =>
      add(
        DestinationConfiguration.createSynchronousDestinationConfiguration(name),
        listeners.map(
          (receive): Listener =>
            ({ payload }) =>
              receive(payload),
        ),
      ),
    serial: (name, receive) => serial(name, ({ payload }) => receive(payload)),
    serialLater: (name, receive) => serial(name, ({ payload }) => receive(payload)),
    parallel: (name, receive) => parallel(name, ({ payload }) => receive(payload)),
    parallelLater: (name, receive) => parallel(name, ({ payload }) => receive(payload)),
    answering: (name, answer) => {
      const destination = bus.addDestination<number, number>(
        DestinationConfiguration.createParallelDestinationConfiguration(name),
      );
      destination.listen(({ payload }) => answer(payload));
      return (payload) => destination.request(payload);
    },
    close: async () => {
      await bus.close();
    },
  };
}
