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
const afterReturn = new AsyncLocalStorage<{
  readonly worker: Worker;
  readonly delivery: Delivery;
}>();
/** How many listeners are in it: on the stack, or gone on. */
let insideCount = 0;

/** Hands a message to a listener so that what the listener sends is known to come from this worker. */
export function receiveAs(worker: Worker, delivery: Delivery, listening: Listening): unknown {
  const outer = onStack;
  onStack = worker;
  try {
    if (!listening.mayGoOn) return listening.receive(delivery.message, delivery.context);
    insideCount += 1;
    return afterReturn.run({ worker, delivery }, () =>
      listening.receive(delivery.message, delivery.context),
    );
  } finally {
    onStack = outer;
  }
}

/** A listener that may go on has ended: at once, or when its promise was settled. */
export function hasEnded(atOnce: boolean): void {
  insideCount -= 1;
  if (atOnce && insideCount === 0) afterReturn.disable();
}

/** The worker whose listener the calling code belongs to. */
export function runningWorker(): Worker | undefined {
  if (onStack !== undefined) return onStack;
  const started = afterReturn.getStore();
  // Code that a listener has left running after its end does not belong to the worker any more.
  return started !== undefined && started.worker.delivery === started.delivery
    ? started.worker
    : undefined;
}
