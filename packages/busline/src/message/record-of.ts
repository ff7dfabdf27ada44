import type { DurableRecord } from "./durable-record.ts";
import { Message } from "./message.ts";

/** What is kept of a message of a durable destination; of one that is delivered directly, nothing. */
export function recordOf(message: Message): DurableRecord {
  return Message.extrasOf(message).record as DurableRecord;
}
