import type { DurableMessages } from "./durable-messages.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Asks the store for something without which a destination cannot go on, again and again until it has been done.
 *
 * @returns false if the destination is closing
 */
export async function untilStored(
  durable: DurableMessages,
  ask: () => Promise<unknown>,
): Promise<boolean> {
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      await ask();
      durable.storeWorks();
      return true;
    } catch (error) {
      durable.storeFailed(error);
    }
    await durable.pause(pauseMs);
    if (durable.isHalted) return false;
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
}
