// The program of each thread: takes messages one at a time, calls their listeners, tells how they ended.
import { parentPort, type MessagePort } from "node:worker_threads";
import type { Message, MessageListenerFunction } from "busline";
import { packError, unpackError } from "./carried-error.ts";
import type { DeliverOrder, Order, Report } from "./crossing.ts";
import { LoadProblem, loadListener } from "./listener-module.ts";
import { ThreadContext } from "./thread-context.ts";
import { ThreadMessage } from "./thread-message.ts";
import { runInContexts } from "./travelling-context.ts";

const port = parentPort as MessagePort;
const listeners = new Map<string, MessageListenerFunction>();
let current: { readonly task: number; readonly context: ThreadContext } | undefined;

port.on("message", (order: Order) => {
  if (order.kind === "deliver") void deliver(order);
  else if (current?.task === order.task)
    ThreadContext.abort(current.context, unpackError(order.reason));
});
port.on("messageerror", (error) => {
  tell({ kind: "unreadable", error: packError(error) });
});
tell({ kind: "up" });

async function deliver(order: DeliverOrder): Promise<void> {
  const { task, url, exportName, attempt, contexts } = order;
  const message = new ThreadMessage(order.message) as unknown as Message;
  const context = new ThreadContext(attempt, message.destinationName, (value) => {
    tell({ kind: "replied", task, value });
  });
  const key = `${exportName} of ${url}`;
  let listener = listeners.get(key);
  if (listener === undefined) {
    try {
      listener = await loadListener(url, exportName);
    } catch (error) {
      const { message: problem, cause } = error as LoadProblem;
      tell({
        kind: "not loaded",
        task,
        problem,
        cause: cause === undefined ? cause : packError(cause),
      });
      return;
    }
    listeners.set(key, listener);
    tell({ kind: "loaded", task });
  }
  current = { task, context };
  const receive = listener;
  try {
    const result = runInContexts(contexts, () => receive(message, context));
    const value: unknown = isThenable(result) ? await result : result;
    tell({ kind: "returned", task, value });
  } catch (error) {
    tell({ kind: "failed", task, error: packError(error) });
  } finally {
    current = undefined;
  }
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
