import type { MessageBus } from "busline";
import type { QuietCounts, QuietLetter } from "./child-event.ts";

/** The statistics of all destinations. */
export function countsOf({ statistics }: MessageBus): QuietCounts[] {
  return statistics.destinations.map((one) => ({
    destination: one.destinationName,
    sent: one.sentMessageCount,
    recovered: one.recoveredMessageCount,
    delivered: one.deliveredMessageCount,
    deadLettered: one.deadLetteredMessageCount,
    pending: one.pendingMessageCount,
    active: one.activeMessageCount,
  }));
}

/** What a dead letter destination keeps, once all of it has been read; the payloads are those of messages with names. */
export async function lettersOf(bus: MessageBus, destinationName: string): Promise<QuietLetter[]> {
  const { size } = bus.deadLetters(destinationName);
  const { pendingMessageCount } = bus.getDestination(destinationName)?.statistics ?? {};
  if (size !== pendingMessageCount) {
    await new Promise((resolve) => setImmediate(resolve));
    return lettersOf(bus, destinationName);
  }
  const letters = bus.deadLetters(destinationName).list(undefined, { limit: 100_000 });
  return letters.map(({ attempts, code, error, listeners, payload }) => {
    const { message } = payload as { readonly message: string };
    return { message, attempts, code, error, listeners };
  });
}
