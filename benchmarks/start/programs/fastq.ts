import fastq from "fastq";
import { tellDelivered } from "./tell-delivered.ts";

const queue = fastq<unknown, number>((payload, finished) => {
  tellDelivered(payload);
  finished(null);
}, 1);
queue.push(1);
