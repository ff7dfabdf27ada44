import { Messenger } from "@metamask/messenger";
import { tellDelivered } from "./tell-delivered.ts";

interface First {
  type: "First:sent";
  payload: [number];
}

const messenger = new Messenger<"First", never, First>({ namespace: "First" });
messenger.subscribe("First:sent", tellDelivered);
messenger.publish("First:sent", 1);
