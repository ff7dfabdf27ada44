import { MessageChannel, type MessagePort, type Transferable, Worker } from "node:worker_threads";
import { type ThreadRequester, THREADS } from "../peers/thread-requester.ts";
import type { ThreadPayload } from "../threads/thread-work.ts";

/** What a raw thread is started with. */
export interface RawThreadData {
  readonly port: MessagePort;
  readonly sent: SharedArrayBuffer;
}

/** More tasks than these do not go in one message. */
const MOST = 32;

/**
 * Threads by hand: the tasks of one microtask go out in one message, a thread sleeps in `Atomics.wait` until its counter
 * changes, and what it has done comes back in one message. Nobody notices when one dies.
 */
export function createRequester(): ThreadRequester {
  const threads = Array.from({ length: THREADS }, () => new RawThread());
  let next = 0;
  return {
    request: (payload, isMoved) => {
      next = (next + 1) % THREADS;
      return (threads[next] as RawThread).request(payload, isMoved);
    },
    close: async () => {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

class RawThread {
  readonly #sent = new Int32Array(new SharedArrayBuffer(4));
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #waiting: ((length: number) => void)[] = [];
  #tasks: ThreadPayload[] = [];
  #transfers: Transferable[] = [];

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = new Worker(new URL("raw-thread-program.js", import.meta.url), {
      workerData: { port: port2, sent: this.#sent.buffer } satisfies RawThreadData,
      transferList: [port2],
    });
    port1.on("message", (lengths: readonly number[]) => {
      const done = this.#waiting.splice(0, lengths.length);
      for (const [at, resolve] of done.entries()) resolve(lengths[at] as number);
    });
  }

  request(payload: ThreadPayload, isMoved: boolean): Promise<number> {
    const { freight } = payload;
    if (isMoved && freight instanceof Uint8Array) this.#transfers.push(freight.buffer);
    const count = this.#tasks.push(payload);
    if (count === 1) queueMicrotask(this.#post);
    if (count === MOST) this.#post();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async close(): Promise<void> {
    this.#port.close();
    await this.#worker.terminate();
  }

  readonly #post = (): void => {
    if (this.#tasks.length === 0) return;
    this.#port.postMessage(this.#tasks, this.#transfers);
    this.#tasks = [];
    this.#transfers = [];
    Atomics.add(this.#sent, 0, 1);
    Atomics.notify(this.#sent, 0);
  };
}
