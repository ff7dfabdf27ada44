import type { DestinationCore } from "../destination/destination-core.ts";
import { Message } from "../message/message.ts";
import { NO_EXTRAS } from "../message/message-extras.ts";
import { PendingReply } from "../reply/pending-reply.ts";
import type { PendingReplies } from "../reply/pending-replies.ts";
import { Delivery } from "../worker/delivery.ts";

/**
 * One object of each class that lives no longer than its message. When a full garbage collection finds none of a class,
 * V8 forgets how its objects look, and throws away all optimised code that knows it: after a quiet moment everything was
 * 6 to 9 times slower for a while. So each bus keeps one.
 */
export function keptShapes(core: DestinationCore, requests: PendingReplies): readonly object[] {
  const terms = {
    destinationName: core.name,
    responseDestinationName: core.name,
    extras: NO_EXTRAS,
    timeoutMs: 0,
    signal: undefined,
    replySchema: undefined,
  };
  const request = new PendingReply(terms, requests);
  const message = new Message(undefined, core.entrance.moments.now(), request);
  return [message, Delivery.of(message)];
}
