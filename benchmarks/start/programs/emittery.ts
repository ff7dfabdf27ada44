import Emittery from "emittery";
import { tellDelivered } from "./tell-delivered.ts";

const emitter = new Emittery<{ first: number }>();
emitter.on("first", tellDelivered);
await emitter.emit("first", 1);
