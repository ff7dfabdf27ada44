// The program of a thread by hand: see raw-threads.ts.
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import work, { type ThreadPayload } from "../threads/thread-work.ts";
import type { RawThreadData } from "./raw-threads.ts";

const { port, sent } = workerData as RawThreadData;
const counter = new Int32Array(sent);

for (let seen = 0; ; seen = Atomics.load(counter, 0)) {
  for (let next = receive(); next !== undefined; next = receive()) {
    port.postMessage(next.map((payload) => Reflect.apply(work, undefined, [payload])));
  }
  Atomics.wait(counter, 0, seen);
}

function receive(): readonly ThreadPayload[] | undefined {
  const received: { readonly message: readonly ThreadPayload[] } | undefined =
    receiveMessageOnPort(port);
  return received?.message;
}
