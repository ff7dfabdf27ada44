// The program of each thread: takes messages one at a time, calls their listeners, tells how they ended.
import { workerData } from "node:worker_threads";
import type { Message, MessageListenerFunction } from "busline";
import { packError, unpackError } from "./carried-error.ts";
import { Claims } from "./claims.ts";
import type { DeliverOrder, Order, Report, ThreadData } from "./crossing.ts";
import { type LoadProblem, loadListener } from "./listener-module.ts";
import { ThreadContext } from "./thread-context.ts";
import { ThreadMessage } from "./thread-message.ts";
import { runInContexts } from "./travelling-context.ts";

interface KnownListener {
  readonly url: string;
  readonly exportName: string;
  loaded: MessageListenerFunction | undefined;
}

const { claims: shared, port } = workerData as ThreadData;
const claims = new Claims(shared);
const listeners = new Map<number, KnownListener>();
const inbox: DeliverOrder[] = [];
/** Reasons of aborts that came before their message was begun with. */
const aborts = new Map<number, unknown>();
/** An abort may come when its message has ended, and is never asked for. */
const MOST_ABORTS = 1_024;
// Before any listener's module can put another in its place.
const now = performance.now.bind(performance);
let orderCount = 0;
let isHalted = false;
let isWorking = false;
let current: { readonly task: number; readonly context: ThreadContext } | undefined;

port.on("message", (order: Order) => {
  orderCount += 1;
  if (order.kind === "deliver") {
    if (isHalted) return;
    inbox.push(...order.orders);
    if (!isWorking) void work();
  } else if (order.kind === "go on") {
    isHalted = false;
  } else if (order.kind === "listener") {
    const { number, url, exportName } = order;
    listeners.set(number, { url, exportName, loaded: undefined });
  } else if (current?.task === order.task) {
    ThreadContext.abort(current.context, unpackError(order.reason));
  } else {
    aborts.set(order.task, unpackError(order.reason));
    const [oldest] = aborts.keys();
    if (aborts.size > MOST_ABORTS && oldest !== undefined) aborts.delete(oldest);
  }
});
port.on("messageerror", (error) => {
  orderCount += 1;
  isHalted = true;
  tell({ kind: "unreadable", order: orderCount, error: packError(error) });
});
tell({ kind: "up" });

async function work(): Promise<void> {
  isWorking = true;
  for (let order = inbox.shift(); order !== undefined; order = inbox.shift()) {
    if (!claims.claim(order[0])) continue;
    const listener = listeners.get(order[2]) as KnownListener;
    const receive = listener.loaded ?? (await load(listener, order));
    if (receive === undefined) continue;
    const ending = deliver(order, receive);
    if (ending !== undefined) await ending;
  }
  isWorking = false;
}

async function load(
  listener: KnownListener,
  [, task, number]: DeliverOrder,
): Promise<MessageListenerFunction | undefined> {
  try {
    listener.loaded = await loadListener(listener.url, listener.exportName);
    tell({ kind: "loaded", listener: number });
  } catch (error) {
    const { message: problem, cause } = error as LoadProblem;
    const carried = cause === undefined ? undefined : packError(cause);
    tell({ kind: "not loaded", task, problem, cause: carried });
  }
  return listener.loaded;
}

/** @returns a promise only where the listener goes on */
function deliver(order: DeliverOrder, receive: MessageListenerFunction): Promise<void> | undefined {
  const [, task, , attempt, contexts] = order;
  const message = new ThreadMessage(order) as unknown as Message;
  const context = new ThreadContext(attempt, message.destinationName, (value) => {
    tell({ kind: "replied", task, value });
  });
  current = { task, context };
  if (aborts.has(task)) {
    ThreadContext.abort(context, aborts.get(task));
    aborts.delete(task);
  }
  const from = now();
  try {
    const result =
      contexts === undefined
        ? receive(message, context)
        : runInContexts(contexts, () => receive(message, context));
    if (isThenable(result)) return finish(task, from, result);
    tell({ kind: "returned", task, value: result, took: now() - from });
  } catch (error) {
    tell({ kind: "failed", task, error: packError(error) });
  }
  current = undefined;
  return undefined;
}

async function finish(task: number, from: number, result: PromiseLike<unknown>): Promise<void> {
  try {
    const value = await result;
    tell({ kind: "returned", task, value, took: now() - from });
  } catch (error) {
    tell({ kind: "failed", task, error: packError(error) });
  }
  current = undefined;
}

function tell(report: Report): void {
  port.postMessage(report);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { readonly then?: unknown }).then === "function"
  );
}
