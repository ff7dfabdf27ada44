import { Bus } from "@boringnode/bus";
import { memory } from "@boringnode/bus/transports/memory";
import { tellDelivered } from "./tell-delivered.ts";

// A bus does not hear what it says itself.
const receiving = new Bus(memory()());
await receiving.subscribe("first", tellDelivered);
await new Bus(memory()()).publish("first", 1);
