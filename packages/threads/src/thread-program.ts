// The program of each thread: takes messages one at a time, calls their listeners, tells how they ended.
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import type { Message, MessageListenerFunction } from "busline";
import { packError, unpackError } from "./carried-error.ts";
import { Claims } from "./claims.ts";
import { CALL, type DeliverOrder, type Order, type Report, type ThreadData } from "./crossing.ts";
import { EndRing } from "./end-ring.ts";
import { type LoadProblem, loadListener } from "./listener-module.ts";
import { ThreadContext } from "./thread-context.ts";
import { ThreadMessage } from "./thread-message.ts";
import { runInContexts } from "./travelling-context.ts";
import { type UncloneablePart, uncloneablePart } from "./uncloneable-part.ts";

interface KnownListener {
  readonly url: string;
  readonly exportName: string;
  readonly destinationName: string;
  loaded: MessageListenerFunction | undefined;
}

const { claims: sharedClaims, ends: sharedEnds, port } = workerData as ThreadData;
const claims = new Claims(sharedClaims);
const ends = new EndRing(sharedEnds);
const listeners = new Map<number, KnownListener>();
const inbox: DeliverOrder[] = [];
/** Reasons of aborts that came before their message was begun with. */
const aborts = new Map<number, unknown>();
/** An abort may come when its message has ended, and is never asked for. */
const MOST_ABORTS = 1_024;
/** So long the pool is not told of an end, in milliseconds, while there is more to be done. */
const UNCALLED_MS = 1;
/** So long listeners may begin, in milliseconds, before timers and sockets of theirs have their turn. */
const TURN_MS = 4;
// Before any listener's module can put others in their place.
const now = performance.now.bind(performance);
const atNextTurn = setImmediate;
let orderCount = 0;
let reportCount = 0;
/** Since when there have been ends that the pool has not been called for. */
let uncalledSince: number | undefined;
/** When the last listener ended, and until when others may begin before the event loop has had its turn. */
let lastEndAt = 0;
let turnEndsAt = 0;
let isTurnOpen = false;
let isHalted = false;
let isWorking = false;
let current: { readonly task: number; readonly context: ThreadContext } | undefined;

port.on("message", (order: Order) => {
  take(order);
  if (!isWorking) void work();
});
port.on("messageerror", unreadable);
tell({ kind: "up" });

function take(order: Order): void {
  orderCount += 1;
  if (order.kind === "deliver") {
    if (!isHalted) inbox.push(...order.orders);
  } else if (order.kind === "go on") {
    isHalted = false;
  } else if (order.kind === "flush") {
    void flush();
  } else if (order.kind === "listener") {
    const { number, url, exportName, destinationName } = order;
    listeners.set(number, { url, exportName, destinationName, loaded: undefined });
  } else if (current?.task === order.task) {
    ThreadContext.abort(current.context, unpackError(order.reason));
  } else {
    aborts.set(order.task, unpackError(order.reason));
    const [oldest] = aborts.keys();
    if (aborts.size > MOST_ABORTS && oldest !== undefined) aborts.delete(oldest);
  }
}

function unreadable(error: unknown): void {
  orderCount += 1;
  isHalted = true;
  tell({ kind: "unreadable", order: orderCount, error: packError(error) });
}

async function work(): Promise<void> {
  isWorking = true;
  for (let order = nextOrder(); order !== undefined; order = nextOrder()) {
    if (!isTurnOpen) openTurn();
    if (lastEndAt >= turnEndsAt) {
      call();
      await turn();
      openTurn();
    }
    const listener = listeners.get(order[2]) as KnownListener;
    let problem: LoadProblem | undefined;
    if (listener.loaded === undefined) {
      call();
      problem = await load(listener, order[2]);
    }
    // Not before it is loaded: until then it has not begun.
    if (!claims.claim(order[0])) continue;
    const receive = listener.loaded;
    if (receive === undefined) {
      notLoaded(order[1], problem as LoadProblem);
      continue;
    }
    const ending = deliver(order, listener.destinationName, receive);
    if (ending !== undefined) {
      call();
      await ending;
    }
  }
  // Also where the last of them have been taken back.
  call();
  isWorking = false;
}

function openTurn(): void {
  isTurnOpen = true;
  turnEndsAt = now() + TURN_MS;
  atNextTurn(() => {
    isTurnOpen = false;
  });
}

/** Resolves when timers and sockets have had their turn. Whatever comes meanwhile lies in the inbox. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    atNextTurn(resolve);
  });
}

/** What has come meanwhile is taken out of the port at once: most of what the event loop does is to call for that. */
function nextOrder(): DeliverOrder | undefined {
  while (inbox.length === 0) {
    let received: { readonly message: Order } | undefined;
    try {
      received = receiveMessageOnPort(port);
    } catch (error) {
      unreadable(error);
      continue;
    }
    if (received === undefined) return undefined;
    take(received.message);
  }
  return inbox.shift();
}

/** @returns why it could not be loaded, if so */
async function load(listener: KnownListener, number: number): Promise<LoadProblem | undefined> {
  try {
    listener.loaded = await loadListener(listener.url, listener.exportName);
    tell({ kind: "loaded", listener: number });
    return undefined;
  } catch (error) {
    return error as LoadProblem;
  }
}

function notLoaded(task: number, { message, cause }: LoadProblem): void {
  lastEndAt = now();
  const carried = cause === undefined ? undefined : packError(cause);
  tell({ kind: "not loaded", task, problem: message, cause: carried });
}

/** @returns a promise only where the listener goes on */
function deliver(
  order: DeliverOrder,
  destinationName: string,
  receive: MessageListenerFunction,
): Promise<void> | undefined {
  const [, task, , attempt, id, , , , , contexts] = order;
  const message = new ThreadMessage(order, destinationName) as unknown as Message;
  const context = new ThreadContext(attempt, destinationName, (value) => {
    // The main thread does not know the message any more.
    if (current?.task !== task) tell({ kind: "replied late", destinationName, id });
    else replied(task, value);
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
    returned(task, result, from);
  } catch (error) {
    failed(task, error);
  }
  current = undefined;
  return undefined;
}

async function finish(task: number, from: number, result: PromiseLike<unknown>): Promise<void> {
  try {
    const value = await result;
    returned(task, value, from);
  } catch (error) {
    failed(task, error);
  }
  current = undefined;
}

function returned(task: number, value: unknown, from: number): void {
  const to = now();
  lastEndAt = to;
  if (!ends.add(task, value, to - from, reportCount)) {
    try {
      tell({ kind: "returned", task, value, took: to - from });
    } catch (error) {
      tell({ kind: "not copied", task, ...partOf(value, error) });
    }
    return;
  }
  uncalledSince ??= to;
  if (to - uncalledSince >= UNCALLED_MS) call();
}

function replied(task: number, value: unknown): void {
  try {
    tell({ kind: "replied", task, value });
  } catch (cause) {
    const { path, problem } = partOf(value, cause);
    const place = [...path, problem].join(": ");
    throw new TypeError(`The reply cannot be copied out of the thread: ${place}`, { cause });
  }
}

/** What of a value it is that could not be copied. */
function partOf(value: unknown, error: unknown): UncloneablePart {
  return uncloneablePart(value) ?? { path: [], problem: String(error) };
}

/** What a listener has printed lies here until the main thread has asked for it. */
async function flush(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(written));
  tell({ kind: "flushed" });
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write("", () => resolve());
  });
}

function failed(task: number, error: unknown): void {
  lastEndAt = now();
  tell({ kind: "failed", task, error: packError(error) });
}

/** What has been written down is safe, whatever becomes of the thread; but nobody looks there without a call. */
function call(): void {
  if (uncalledSince === undefined) return;
  uncalledSince = undefined;
  if (ends.mustCall()) port.postMessage(CALL);
}

function tell(report: Report): void {
  port.postMessage(report);
  reportCount += 1;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { readonly then?: unknown }).then === "function"
  );
}
