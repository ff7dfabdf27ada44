import createMitt from "mitt";
import { tellDelivered } from "./tell-delivered.ts";

const emitter = (createMitt as unknown as typeof createMitt.default)<{ first: number }>();
emitter.on("first", tellDelivered);
emitter.emit("first", 1);
