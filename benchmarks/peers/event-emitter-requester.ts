import { EventEmitter } from "node:events";
import type { Requester, RequesterOptions } from "./requester.ts";

const TIMEOUT_MS = 10_000;

interface Waiting {
  readonly resolve: (reply: number) => void;
  readonly timer: NodeJS.Timeout;
}

/** What is written by hand where there is only an emitter: two events, a map of what waits, and a timer for each. */
export function createRequester({ answer }: RequesterOptions): Requester {
  const emitter = new EventEmitter();
  const waiting = new Map<number, Waiting>();
  let requests = 0;
  emitter.on("ask", (id: number, payload: number) => {
    void answer.forPayload(payload).then((reply) => emitter.emit("reply", id, reply));
  });
  emitter.on("reply", (id: number, reply: number) => {
    const request = waiting.get(id);
    if (request === undefined) return;
    waiting.delete(id);
    clearTimeout(request.timer);
    request.resolve(reply);
  });
  return {
    request: (payload) =>
      new Promise((resolve, reject) => {
        requests += 1;
        const id = requests;
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new Error("There was no reply in time."));
        }, TIMEOUT_MS);
        waiting.set(id, { resolve, timer });
        emitter.emit("ask", id, payload);
      }),
  };
}
