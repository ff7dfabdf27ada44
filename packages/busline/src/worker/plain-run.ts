import type { AsyncResource } from "node:async_hooks";
import { isAnybodyObserving } from "../diagnostics/channels.ts";
import type { MessageListenerFunction } from "../listener/message-listener.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { DeliveryContext } from "./delivery-context.ts";
import { isPlainPromise } from "./listener-result.ts";
import { standOnStack } from "./running-worker.ts";
import { isNobodys, isStillIn, leaveStores } from "./sender-context.ts";
import type { Worker } from "./worker.ts";
import type { WorkerPool } from "./worker-pool.ts";

/**
 * Carries messages that wait in its pool's line, one after another, for as long as they were sent in one context, there is
 * nothing else to be said of them, and nothing of their listeners but that they return. The way of most messages: `carry`
 * in one piece, so that the optimiser sees it as one. Counts and order are those of the long way.
 *
 * @param isHanded the first has been handed to a worker, and may start
 * @param context that of the messages, in which it is called; none for nobody's
 * @returns whether all have ended; false if a listener goes on; undefined if the one that was handed over has to go the
 *   long way, and nothing has been done
 */
export function carryOn(
  worker: Worker,
  isHanded: boolean,
  context?: AsyncResource,
): boolean | undefined {
  const pool = worker.pool as WorkerPool;
  const { backlog, counters, dispatcher, host } = pool;
  const { line } = backlog;
  let isToStart = isHanded;
  // A look costs as much as all that is left to be done where nothing waits.
  let isIn: boolean | undefined = context === undefined ? undefined : true;
  while (
    pool.isSmooth &&
    (isToStart || (pool.startsLeft > 0 && line.size > backlog.handedMessages))
  ) {
    const moment = line.frontMoment;
    if (moment === undefined) break;
    if (moment.context !== context) {
      if (moment.context === undefined || context !== undefined) break;
      return moment.context.runInAsyncScope(carryOn, undefined, worker, isToStart, moment.context);
    }
    const { roster } = moment;
    const { receivers } = roster;
    isIn ??= isNobodys();
    if (!roster.isPlain || isAnybodyObserving() || !isIn) break;
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
    const outer = standOnStack(worker);
    let goesStraight: boolean;
    do {
      const message = line.takeFirst();
      const deliveryContext = new DeliveryContext(message);
      const isBare = Message.extrasOf(message) === NO_EXTRAS;
      if (!isBare) Message.setProgress(message, deliveryContext);
      let at = 0;
      try {
        for (; at < receivers.length && roster.isPlain; at += 1) {
          const receive = receivers[at] as MessageListenerFunction;
          const result = receive(message, deliveryContext);
          if (result !== undefined) {
            const isAwaited = isPlainPromise(result) && !roster.isSynchronousAt(at);
            const isOnly = isAwaited && isBare && receivers.length === 1;
            if (isOnly) worker.awaitsOnly(result);
            else if (isAwaited) worker.awaits(result);
            if (isAwaited || !worker.isDoneWith(result, message, at)) {
              standOnStack(outer);
              leaveNobodys(context);
              worker.goesOnAt(deliveryContext, at, roster);
              return false;
            }
          }
        }
      } catch (error) {
        standOnStack(outer);
        roster.countFirst(at);
        const isFree = worker.goOnLess(deliveryContext, at, { error });
        leaveNobodys(context);
        return isFree;
      }
      if (at < receivers.length) {
        standOnStack(outer);
        roster.countFirst(at);
        const isFree = worker.goOnLess(deliveryContext, at, undefined);
        leaveNobodys(context);
        return isFree;
      }
      isIn = isStillIn(context);
      if (!isIn) leaveNobodys(context);
      roster.passed();
      if (!isBare) Message.setProgress(message, "ended");
      worker.carriedCount += 1;
      // All that is looked at above and may have changed. As a function it takes 1.5 ns more, the whole way 5 (of 30).
      const mayGoStraight =
        isIn &&
        host.endsQuietly &&
        pool.isSmooth &&
        pool.startsLeft > 0 &&
        line.size > backlog.handedMessages &&
        line.payloadMoment === moment &&
        roster.isPlain &&
        !isAnybodyObserving() &&
        (!host.followsListeners || roster.isSynchronous);
      goesStraight = mayGoStraight && dispatcher.mayStart();
      if (goesStraight) {
        pool.startsLeft -= 1;
        counters.passedOn();
      } else {
        standOnStack(outer);
        host.endedPlainly(message);
        if (mayGoStraight) return true;
      }
    } while (goesStraight);
  }
  return isToStart ? undefined : true;
}

/** What a listener has entered in a context of its own is left with it. */
export function leaveNobodys(context: AsyncResource | undefined): void {
  if (context === undefined) leaveStores();
}
