import { type Destination, DestinationConfiguration, MessageBus } from "busline";
import { synchronousListener } from "./work-listener.ts";
import type { WorkQueue } from "./work-queue.ts";

/** Three destinations of one bus; each one's listener sends to the next. */
export function createPipeline(
  type: "serial" | "parallel",
  receive: (payload: number) => void,
): WorkQueue {
  const bus = new MessageBus();
  const third = addStage(bus, type, "acme/third", receive);
  const second = addStage(bus, type, "acme/second", (payload) => {
    void third.send(payload);
  });
  const first = addStage(bus, type, "acme/first", (payload) => {
    void second.send(payload);
  });
  return {
    push: (payload) => first.send(payload),
    close: async () => {
      await bus.close();
    },
  };
}

function addStage(
  bus: MessageBus,
  type: "serial" | "parallel",
  name: string,
  receive: (payload: number) => void,
): Destination<number> {
  const attributes = { maximumQueueSize: Number.POSITIVE_INFINITY };
  const destination = bus.addDestination<number>(
    type === "serial"
      ? DestinationConfiguration.createSerialDestinationConfiguration(name, attributes)
      : DestinationConfiguration.createParallelDestinationConfiguration(name, attributes),
  );
  destination.listen(synchronousListener(receive).forMessage);
  return destination;
}
