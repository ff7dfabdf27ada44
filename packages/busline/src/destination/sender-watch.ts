import { AbortError } from "../errors/abort-error.ts";
import { onAbort } from "../message/abort-watch.ts";
import { Message } from "../message/message.ts";
import type { DestinationCore } from "./destination-core.ts";

/** Stops a message whose sender waits no more. */
export function watchSender(core: DestinationCore, message: Message, signal: AbortSignal): void {
  if (Message.progressOf(message) === "ended") return;
  const { name, outcomes } = core;
  const aborted = (): void =>
    outcomes.giveUp(message, "aborted", new AbortError(name, signal.reason));
  const unwatch = onAbort(signal, aborted);
  if (core.watches === undefined) {
    core.watches = new Map();
    core.lookAgain();
  }
  core.watches.set(message, unwatch);
}

/** The sender cannot give up any more. */
export function unwatchSender(core: DestinationCore, message: Message): void {
  const { watches } = core;
  if (watches === undefined) return;
  watches.get(message)?.();
  watches.delete(message);
  if (watches.size > 0) return;
  core.watches = undefined;
  core.lookAgain();
}
