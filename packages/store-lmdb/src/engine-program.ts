// The program of the store's thread: waits for the disk, so that the event loop need not.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { MessagePort, Transferable } from "node:worker_threads";
import type { EngineAnswer, EngineCall, EngineData } from "./engine-crossing.ts";
import { nodeFiles } from "./file-operations.ts";
import { LmdbEngine } from "./lmdb-engine.ts";
import { StoreFolder } from "./store-folder.ts";
import { StoreProblem } from "./store-problem.ts";

const port = parentPort as MessagePort;
const { folder } = workerData as EngineData;
const engine = new LmdbEngine(new StoreFolder(folder, nodeFiles), answerWaiting);

/** What could not be done, as far as neither the system nor LMDB knows better. */
const doing: Readonly<Record<EngineCall["method"], string>> = {
  open: "be opened",
  prepareLog: "make a new log",
  fold: "let LMDB take over a log",
  get: "be read",
  read: "be read",
  count: "be read",
  close: "be closed",
};

port.on("message", answer);

/** What can be answered at once is, also while a fold keeps everything else from running. */
function answer(call: EngineCall): void {
  const { method, argument } = call;
  try {
    const run = engine[method] as (this: LmdbEngine, given: unknown) => unknown;
    const value = run.call(engine, argument);
    if (!(value instanceof Promise)) succeeded(call, value);
    else value.then(succeeded.bind(undefined, call), failed.bind(undefined, call));
  } catch (error) {
    failed(call, error);
  }
}

function succeeded({ id, method }: EngineCall, value: unknown): void {
  post({ id, value }, buffersOf(value));
  if (method === "close") port.close();
}

function failed({ id, method }: EngineCall, error: unknown): void {
  post({ id, problem: StoreProblem.of(error, doing[method]).pack() }, []);
}

/** A fold takes long, and no event comes while it goes on. Nothing but reads is asked for then. */
function answerWaiting(): void {
  for (;;) {
    const received: { readonly message: EngineCall } | undefined = receiveMessageOnPort(port);
    if (received === undefined) return;
    answer(received.message);
  }
}

function post(result: EngineAnswer, transfer: readonly Transferable[]): void {
  port.postMessage(result, transfer);
}

/** The bytes of entries are handed over, not copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  const { bytes = value } = Object(value) as { readonly bytes?: unknown };
  return bytes instanceof Uint8Array && bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
}
