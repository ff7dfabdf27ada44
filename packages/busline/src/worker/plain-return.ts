import { isAnybodyObserving } from "../diagnostics/channels.ts";
import type { MessageListenerFunction } from "../listener/message-listener.ts";
import { Message } from "../message/message.ts";
import type { SendMoment } from "../message/send-moment.ts";
import { DeliveryContext } from "./delivery-context.ts";
import { isPlainPromise } from "./listener-result.ts";
import { leaveNobodys } from "./plain-run.ts";
import { standOnStack } from "./running-worker.ts";
import { isStillIn } from "./sender-context.ts";
import type { Worker } from "./worker.ts";
import type { WorkerPool } from "./worker-pool.ts";

/**
 * Makes what is called when a message's only listener has kept its promise, and there is nothing to be said of the message:
 * the worker goes on with the next one, if there is nothing to be said of it either. What `carryOn` does for many, here for
 * one after a promise, in a straight line and as the promise's own callback, which takes a fifth less time: the way of most
 * messages with an asynchronous listener. Counts and order are those of the long way. Nobody has asked for the value.
 */
export function plainReturnOf(worker: Worker): (value: unknown) => void {
  return (value) => {
    const pool = worker.pool as WorkerPool;
    const { backlog, host } = pool;
    const { line } = backlog;
    const mayGoOn = worker.delivery === undefined && pool.isSmooth;
    if (!mayGoOn || line.size <= backlog.handedMessages) return worker.returned(value);
    const ended = DeliveryContext.messageOf(worker.context as DeliveryContext);
    const { roster } = Message.momentOf(ended);
    const moment = line.payloadMoment;
    if (moment?.roster !== roster || !roster.isPlain || !isStillIn(moment.context)) {
      return worker.returned(value);
    }
    const isUnwatched = host.endsQuietly && !host.followsListeners && !isAnybodyObserving();
    if (!isUnwatched || !pool.dispatcher.goesOnAtOnce(pool)) return worker.returned(value);
    roster.passed();
    worker.context = undefined;
    worker.carriedCount += 1;
    pool.counters.passedOn();
    const message = line.takeFirst();
    const context = new DeliveryContext(message);
    const outer = standOnStack(worker);
    let result: unknown;
    try {
      const receive = roster.receivers[0] as MessageListenerFunction;
      result = receive(message, context);
    } catch (error) {
      standOnStack(outer);
      return hasThrown(worker, context, moment, error);
    }
    standOnStack(outer);
    if (!isPlainPromise(result) || roster.isSynchronous) {
      return hasReturned(worker, context, moment, result);
    }
    worker.awaitsOnly(result);
    leaveNobodys(moment.context);
    worker.context = context;
  };
}

function hasThrown(
  worker: Worker,
  context: DeliveryContext,
  moment: SendMoment,
  error: unknown,
): void {
  const isFree = worker.goOnLess(context, 0, { error });
  leaveNobodys(moment.context);
  if (isFree) goOnLater(worker);
}

/** It has returned something else than a promise of the language's own. */
function hasReturned(
  worker: Worker,
  context: DeliveryContext,
  moment: SendMoment,
  result: unknown,
): void {
  const message = DeliveryContext.messageOf(context);
  const outer = standOnStack(worker);
  let isDone: boolean;
  try {
    isDone = result === undefined || worker.isDoneWith(result, message, 0);
  } catch (error) {
    standOnStack(outer);
    return hasThrown(worker, context, moment, error);
  }
  standOnStack(outer);
  leaveNobodys(moment.context);
  if (!isDone) return worker.goesOnAt(context, 0, moment.roster);
  moment.roster.passed();
  worker.endPlainly(message, context, moment.host);
  goOnLater(worker);
}

/** It has started one, which has ended at once: others may have their turns before it starts another. */
function goOnLater(worker: Worker): void {
  (worker.pool as WorkerPool).freed(worker, 0);
}
