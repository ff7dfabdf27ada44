import { type Context, ServiceBroker } from "moleculer";
import { tellDelivered } from "./tell-delivered.ts";

const broker = new ServiceBroker({ logger: false });
broker.createService({
  name: "listener",
  events: {
    first: {
      handler: (context: Context) => {
        tellDelivered(context.params as number);
      },
    },
  },
});
await broker.start();
await broker.emit("first", 1);
