import PQueue from "p-queue";
import { tellDelivered } from "./tell-delivered.ts";

const queue = new PQueue({ concurrency: 1 });
await queue.add(() => {
  tellDelivered(1);
});
