import { threadId } from "node:worker_threads";
import type { Message } from "busline";
import { travellingContext } from "@busline/threads";

interface Hold {
  readonly begun?: SharedArrayBuffer;
  readonly gate?: SharedArrayBuffer;
  readonly bytes?: Uint8Array;
}

/** Tells where it runs, and what it finds there; may be held there until a gate opens. */
export default function whereabouts({ payload }: Message<Hold>): object {
  const { begun, gate, bytes } = payload;
  if (begun !== undefined && gate !== undefined) {
    const cell = new Int32Array(begun);
    Atomics.add(cell, 0, 1);
    Atomics.notify(cell, 0);
    Atomics.wait(new Int32Array(gate), 0, 0);
  }
  return {
    thread: threadId,
    env: { ...process.env },
    argv: process.argv.slice(2),
    context: travellingContext("trace").getStore() ?? travellingContext("other").getStore() ?? null,
    size: bytes?.byteLength ?? 0,
  };
}
