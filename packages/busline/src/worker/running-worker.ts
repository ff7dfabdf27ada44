import { AsyncLocalStorage } from "node:async_hooks";
import type { Listening } from "../listener/listening.ts";
import type { Delivery } from "./delivery.ts";
import type { Worker } from "./worker.ts";

/*
 * Who is sending? A close lets running listeners send on, and a listener must not wait for room that only itself could
 * make. While a listener's function is on the stack a variable tells; what it does after an `await` is told by async
 * context. That costs (on Node 20 every promise of the process, 60 to 260 ns; on Node 24 every run, 350 ns), so only
 * listeners that may go on after they have returned are run in it, and it is switched off where none does.
 */
let onStack: Worker | undefined;
/** How many listeners' functions are on the stack, one in another. */
let depth = 0;
// A number stands for the delivery: what a listener sends keeps its context, and must not keep what led to it.
const afterReturn = new AsyncLocalStorage<{ readonly worker: Worker; readonly carried: number }>();
/** How many listeners are in it: on the stack, or gone on. */
let insideCount = 0;

/** From now on, until `leave`, what is sent comes from this worker. @returns what `leave` must be given */
export function enter(worker: Worker): Worker | undefined {
  const outer = onStack;
  onStack = worker;
  depth += 1;
  return outer;
}

/** The end of what `enter` began. */
export function leave(outer: Worker | undefined): void {
  onStack = outer;
  depth -= 1;
}

/** How many listeners' functions are on the stack, one in another. */
export function listenerDepth(): number {
  return depth;
}

/** Hands a message to a listener that may go on after it has returned. */
export function receiveInContext(
  worker: Worker,
  delivery: Delivery,
  listening: Listening,
): unknown {
  insideCount += 1;
  return afterReturn.run({ worker, carried: worker.carriedCount }, () =>
    listening.receive(delivery.message, delivery.context),
  );
}

/**
 * A listener that may go on has ended.
 *
 * @param isProven it has turned out never to go on, and was perhaps the last that might have
 */
export function hasEnded(isProven: boolean): void {
  insideCount -= 1;
  if (isProven && insideCount === 0) afterReturn.disable();
}

/** The worker whose listener the calling code belongs to. */
export function runningWorker(): Worker | undefined {
  if (onStack !== undefined) return onStack;
  const started = afterReturn.getStore();
  // Code that a listener has left running after its end does not belong to the worker any more.
  return started !== undefined && started.worker.carriedCount === started.carried
    ? started.worker
    : undefined;
}
