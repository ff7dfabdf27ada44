import { AsyncLocalStorage } from "node:async_hooks";
import type { Listening } from "../listener/listening.ts";
import type { Delivery } from "./delivery.ts";
import { promiseOf } from "./listener-result.ts";
import type { Worker } from "./worker.ts";

/*
 * Who is sending? A close lets running listeners send on, and a listener must not wait for room that only itself could
 * make. While a listener's function is on the stack a variable tells; what it does after an `await` is told by async
 * context. That costs every promise of the process (on Node 20 an `await` goes from 67 to 330 ns, and stays at 80 once it
 * is off again; on Node 24 every run 350 ns), so a listener is followed until it has run a thousand times, or many wait
 * for it, or it is asked; from then on only while it is closing, or where somebody may wait for room.
 */
let onStack: Worker | undefined;
/** How many listeners' functions are on the stack, one in another. */
let depth = 0;

/**
 * A worker's stay at a listener. A number stands for the message: what a listener sends keeps its context, and must not
 * keep what led to it.
 */
interface Stay {
  readonly worker: Worker;
  readonly carried: number;
  /** The stay in which this one began. */
  readonly around: Stay | undefined;
}

const afterReturn = new AsyncLocalStorage<Stay>();
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

/** The same for a pool's worker, whose listener's depth does not count; to be called again with the result. */
export function standOnStack(worker: Worker | undefined): Worker | undefined {
  const outer = onStack;
  onStack = worker;
  return outer;
}

/** Also below a sender's turn that happens in its listener. */
export function isOnStack(worker: Worker): boolean {
  for (let on = onStack; on !== undefined; on = on.outer) if (on === worker) return true;
  return false;
}

/** How many listeners' functions are on the stack, one in another. */
export function listenerDepth(): number {
  return depth;
}

/**
 * Hands a message to a listener and follows it, in async context, wherever it goes on.
 *
 * @returns what it has returned; a promise only as one that can be waited for
 */
export function callFollowed(worker: Worker, delivery: Delivery, listening: Listening): unknown {
  insideCount += 1;
  const stay: Stay = {
    worker,
    carried: worker.carriedCount,
    around: worker.pool === undefined ? afterReturn.getStore() : undefined,
  };
  const { receive } = listening;
  let promise: Promise<unknown> | undefined;
  try {
    const result = afterReturn.run(stay, () => receive(delivery.message, delivery.context));
    promise = promiseOf(result);
    return promise ?? result;
  } finally {
    if (promise === undefined) {
      listening.returnedPlainly();
      hasEnded(listening.isSynchronous);
    } else {
      worker.goingOn = "followed";
    }
  }
}

/**
 * A listener that was followed has ended.
 *
 * @param isFree it need not be followed any more, and was perhaps the last that was
 */
export function hasEnded(isFree: boolean): void {
  insideCount -= 1;
  if (isFree) followNobody();
}

/** To follow a listener would cost most: it runs free, and was perhaps the last that was followed. */
export function followNoMore(listening: Listening): void {
  listening.runsFree();
  followNobody();
}

/** Switches the following off, unless a listener is being followed. It goes on again with the next. */
export function followNobody(): void {
  if (insideCount === 0) afterReturn.disable();
}

/** Whether any listener is followed: what is sent now may be sent by it. */
export function isFollowing(): boolean {
  return insideCount > 0;
}

/** The worker whose listener the calling code belongs to. */
export function runningWorker(): Worker | undefined {
  return onStack ?? workerOf(afterReturn.getStore());
}

/** The worker whose listener's async context this sender's turn runs in, without being on its stack. */
export function workerAround(worker: Worker): Worker | undefined {
  const stay = afterReturn.getStore();
  return workerOf(stay?.worker === worker ? stay.around : stay);
}

// Code that a listener has left running after its end does not belong to the worker any more.
function workerOf(stay: Stay | undefined): Worker | undefined {
  return stay !== undefined && stay.worker.carriedCount === stay.carried ? stay.worker : undefined;
}
