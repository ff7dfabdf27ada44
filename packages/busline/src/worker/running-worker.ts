import { AsyncLocalStorage } from "node:async_hooks";
import type { Listening } from "../listener/listening.ts";
import type { Delivery } from "./delivery.ts";
import type { Worker } from "./worker.ts";

/*
 * Who is sending? A close lets running listeners send on, and a listener must not wait for room that only itself could
 * make. While a listener's function is on the stack a variable tells; what it does after an `await` is told by async
 * context. That costs (on Node 20 every promise of the process, on Node 24 every run), so only listeners that may go on
 * after they have returned are run in it.
 */
let onStack: Worker | undefined;
const afterReturn = new AsyncLocalStorage<{ readonly worker: Worker; readonly delivery: Delivery }>();

/** Hands a message to a listener so that what the listener sends is known to come from this worker. */
export function receiveAs(worker: Worker, delivery: Delivery, listening: Listening): unknown {
  const outer = onStack;
  onStack = worker;
  try {
    if (!listening.mayGoOn) return listening.receive(delivery.message, delivery.context);
    return afterReturn.run({ worker, delivery }, () => listening.receive(delivery.message, delivery.context));
  } finally {
    onStack = outer;
  }
}

/** The worker whose listener the calling code belongs to. */
export function runningWorker(): Worker | undefined {
  if (onStack !== undefined) return onStack;
  const started = afterReturn.getStore();
  // Code that a listener has left running after its end does not belong to the worker any more.
  return started !== undefined && started.worker.delivery === started.delivery ? started.worker : undefined;
}
