import { queue as createQueue } from "async";
import { tellDelivered } from "./tell-delivered.ts";

const queue = createQueue<number>((payload, finished) => {
  tellDelivered(payload);
  finished();
}, 1);
void queue.push(1);
