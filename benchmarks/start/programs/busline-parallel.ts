import { DestinationConfiguration, MessageBus } from "busline";
import { tellDelivered } from "./tell-delivered.ts";

const bus = new MessageBus();
bus.addDestination(DestinationConfiguration.createParallelDestinationConfiguration("acme/first"));
bus.listen("acme/first", ({ payload }) => {
  tellDelivered(payload as number);
});
await bus.send("acme/first", 1);
