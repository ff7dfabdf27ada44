import { Message } from "../message/message.ts";
import { runningWorker } from "../worker/running-worker.ts";
import type { DestinationCore } from "./destination-core.ts";
import type { Routing } from "./destination-environment.ts";

/** What is closing lets in what comes out of it. */
export function letsIn(core: DestinationCore, message: Message, routing: Routing): boolean {
  const { environment, isClosing, isRemoved, outcomes } = core;
  if (environment.stage === "closed" || isRemoved) return false;
  if (routing.isAnswer || isReply(message)) return true;
  for (let worker = runningWorker(); worker !== undefined; worker = worker.outer) {
    const { host } = worker;
    if (host === undefined) continue;
    if (isClosing ? host === outcomes : host.environment === environment) return true;
  }
  // A listener that is not followed goes on: rather a stranger's message than the loss of one of its own.
  return (isClosing ? outcomes : environment).isUnseen;
}

/** A request carries an id for its reply too, but says where to send it. */
export function isReply(message: Message): boolean {
  const { responseDestinationName, request, answers, responseId } = Message.extrasOf(message);
  if (responseDestinationName !== undefined || request !== undefined) return false;
  return answers !== undefined || responseId !== undefined;
}
