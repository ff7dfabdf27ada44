import { MessageBus, type MessageBusOptions } from "busline";
import { ManualClock } from "busline/testing";

/** A bus with a manual clock whose listeners' failures nobody wants to know; what its logger is told is kept. */
export function loggedBus(options: MessageBusOptions = {}): {
  readonly bus: MessageBus;
  readonly clock: ManualClock;
  readonly logged: string[];
} {
  const clock = new ManualClock();
  const logged: string[] = [];
  const logger = { error: (_: object, text: string): void => void logged.push(text) };
  const bus = new MessageBus({ clock, onError: () => {}, logger, ...options });
  return { bus, clock, logged };
}
