import { isAnybodyObserving } from "../diagnostics/channels.ts";
import type { MessageListenerFunction } from "../listener/message-listener.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { DeliveryContext } from "./delivery-context.ts";
import { isPlainPromise } from "./listener-result.ts";
import { standOnStack } from "./running-worker.ts";
import { isNobodys, leaveStores } from "./sender-context.ts";
import type { Worker } from "./worker.ts";
import type { WorkerPool } from "./worker-pool.ts";

/**
 * Carries messages that wait in its pool's line, one after another, for as long as there is nothing to be said of them
 * but that they have been sent, and nothing of their listeners but that they return. The way of most messages: `carry` in
 * one piece, so that the optimiser sees it as one. Counts and order are those of the long way.
 *
 * @param isHanded the first has been handed to a worker, and may start
 * @returns whether all have ended; false if a listener goes on; undefined if the one that was handed over has to go the
 *   long way, and nothing has been done
 */
export function carryOn(worker: Worker, isHanded: boolean): boolean | undefined {
  const pool = worker.pool as WorkerPool;
  const { backlog, counters, dispatcher, host } = pool;
  const { line } = backlog;
  let isToStart = isHanded;
  // A look costs as much as all that is left to be done where nothing waits.
  let isInNobodys: boolean | undefined;
  while (
    pool.isSmooth &&
    (isToStart || (pool.startsLeft > 0 && line.size > backlog.handedMessages))
  ) {
    const moment = line.frontMoment;
    if (moment === undefined || moment.context !== undefined) break;
    const { roster } = moment;
    const { receivers } = roster;
    isInNobodys ??= isNobodys();
    if (!roster.isPlain || isAnybodyObserving() || !isInNobodys) break;
    if (host.followsListeners && !roster.isSynchronous) break;
    if (isToStart) {
      isToStart = false;
      pool.runningCount += 1;
      backlog.startPlainly();
    } else {
      if (!dispatcher.mayStart()) break;
      pool.startsLeft -= 1;
      counters.started();
    }
    const message = line.takeFirst();
    const context = new DeliveryContext(message);
    const isBare = Message.extrasOf(message) === NO_EXTRAS;
    if (!isBare) Message.setProgress(message, context);
    const outer = standOnStack(worker);
    let at = 0;
    try {
      for (; at < receivers.length && roster.isPlain; at += 1) {
        const receive = receivers[at] as MessageListenerFunction;
        const result = receive(message, context);
        if (result !== undefined) {
          const isAwaited = isPlainPromise(result) && !roster.isSynchronousAt(at);
          if (isAwaited) worker.awaits(result);
          if (isAwaited || !worker.isDoneWith(result, message, at)) {
            standOnStack(outer);
            leaveStores();
            worker.goesOnAt(context, at, roster);
            return false;
          }
        }
      }
    } catch (error) {
      standOnStack(outer);
      roster.countFirst(at);
      const isFree = worker.goOnLess(context, at, { error });
      leaveStores();
      return isFree;
    }
    standOnStack(outer);
    if (at < receivers.length) {
      roster.countFirst(at);
      const isFree = worker.goOnLess(context, at, undefined);
      leaveStores();
      return isFree;
    }
    isInNobodys = isNobodys();
    if (!isInNobodys) leaveStores();
    roster.passed();
    if (!isBare) Message.setProgress(message, "ended");
    worker.carriedCount += 1;
    host.endedPlainly(message);
  }
  return isToStart ? undefined : true;
}
