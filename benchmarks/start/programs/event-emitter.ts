import { EventEmitter } from "node:events";
import { tellDelivered } from "./tell-delivered.ts";

const emitter = new EventEmitter();
emitter.on("first", tellDelivered);
emitter.emit("first", 1);
