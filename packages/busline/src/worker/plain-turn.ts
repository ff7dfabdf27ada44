import type { Reading } from "../clock/reading.ts";
import { isAnybodyObserving } from "../diagnostics/channels.ts";
import type { MessageListenerFunction } from "../listener/message-listener.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import type { SendMoment } from "../message/send-moment.ts";
import type { DestinationCounters } from "../statistics/destination-counters.ts";
import { DeliveryContext } from "./delivery-context.ts";
import { isPlainPromise } from "./listener-result.ts";
import { enter, isFollowing, leave, listenerDepth } from "./running-worker.ts";
import type { Worker } from "./worker.ts";

/**
 * Makes a message and carries it in its sender's turn, where there is nothing to be said of it but that it has been
 * sent: `carry` in one piece, so that the optimiser sees it as one.
 *
 * @param run the run of code in which that is so
 * @returns as `carry`; undefined if the message needs a closer look, and nothing has been done
 */
export function carryInTurn(
  worker: Worker,
  payload: unknown,
  moment: SendMoment,
  run: Reading,
  counters: DestinationCounters,
): boolean | undefined {
  if (!Number.isNaN(run.at) || isFollowing()) return undefined;
  if (isAnybodyObserving() || listenerDepth() > 0) return undefined;
  const { roster, host } = moment;
  const { receivers } = roster;
  const message = new Message(payload, moment, NO_EXTRAS);
  const context = new DeliveryContext(message);
  counters.acceptedAtOnce();
  worker.host = host;
  const outer = enter(worker);
  if (outer !== undefined) worker.isAround(outer);
  let at = 0;
  try {
    for (; at < receivers.length && roster.isPlain; at += 1) {
      const receive = receivers[at] as MessageListenerFunction;
      const result = receive(message, context);
      if (result !== undefined) {
        const isAwaited = isPlainPromise(result) && !roster.isSynchronousAt(at);
        if (isAwaited) {
          worker.awaits(result);
          worker.goingOn = "unseen";
          host.unseenCount += 1;
        }
        if (isAwaited || !worker.isDoneWith(result, message, at)) {
          leave(outer);
          worker.context = context;
          worker.next = at;
          if (at > 0) roster.countFirst(at);
          return false;
        }
      }
    }
  } catch (error) {
    leave(outer);
    roster.countFirst(at);
    return worker.goOnLess(context, at, { error });
  }
  leave(outer);
  if (at < receivers.length) {
    roster.countFirst(at);
    return worker.goOnLess(context, at, undefined);
  }
  roster.passed();
  if (outer !== undefined) worker.outerWorker = undefined;
  worker.carriedCount += 1;
  counters.passed();
  if (!host.endsQuietly) host.messageEnded(message);
  return true;
}
