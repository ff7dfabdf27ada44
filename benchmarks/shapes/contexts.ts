import { AsyncLocalStorage } from "node:async_hooks";
import { type Arrivals, sumTo } from "../peers/arrivals.ts";
import { synchronousListener, type SynchronousListener } from "../peers/work-listener.ts";
import type { WorkQueue } from "../peers/work-queue.ts";
import type { Production } from "./production.ts";

/** So many messages are sent in one context, as while a server handles one request. */
const SHARE = 10;

/** Sends in one context after the other, and looks whether the listener runs in that of the sender. */
export class Contexts {
  readonly #storage = new AsyncLocalStorage<number>();
  #received = 0;
  #wrong = 0;

  /** The share of messages, in percent, for which the listener ran in another context than the sender. */
  get figures(): Readonly<Record<string, number>> {
    return { wrong: this.#received === 0 ? 0 : (this.#wrong / this.#received) * 100 };
  }

  listener(arrivals: Arrivals): SynchronousListener {
    return synchronousListener((payload) => {
      this.#received += 1;
      if (this.#storage.getStore() !== contextOf(payload)) this.#wrong += 1;
      arrivals.add(payload);
    });
  }

  /** Bursts of this size, each after the last one has been delivered; without a size, one burst of all. */
  production(burst?: number): Production {
    return {
      run: (queue, arrivals) => async (count) => {
        const size = burst ?? count;
        for (let left = count; left > 0; left -= size) {
          const all = arrivals.more(size);
          for (let payload = 1; payload <= size; payload += SHARE) this.#send(queue, payload, size);
          await all;
        }
      },
      expected: (count) => (burst === undefined ? sumTo(count) : (count / burst) * sumTo(burst)),
      grows: burst !== undefined,
    };
  }

  #send(queue: WorkQueue, first: number, last: number): void {
    this.#storage.run(contextOf(first), sendShare, queue, first, last);
  }
}

function sendShare(queue: WorkQueue, first: number, last: number): void {
  const end = Math.min(first + SHARE - 1, last);
  for (let payload = first; payload <= end; payload += 1) void queue.push(payload);
}

function contextOf(payload: number): number {
  return Math.ceil(payload / SHARE);
}
