import type { Message, MessageListenerContext } from "busline";
import { keepRecord } from "./document-record.ts";
import { type Document, extract } from "./extractor.ts";
import { reasonOf } from "./unreadable-reason.ts";
import type { FoundFile } from "./walker.ts";

/** A file that is to be read, and the folder in which it was found. */
export interface FileToRead extends FoundFile {
  readonly folder: string;
  /** Where the record is to be kept of what is made of the file, if it is. */
  readonly records: string | undefined;
}

/** The listener that reads files, on the event loop or on a thread. Where its document goes is the message's affair. */
export default async function extraction(
  { payload: file }: Message<FileToRead>,
  context: MessageListenerContext<Document>,
): Promise<Document> {
  const outcome = await read(file, context.signal);
  // When the listener has ended, so has the message: what has to outlive the process must be kept before.
  if (file.records !== undefined) await keepRecord(file.records, file, outcome);
  return "reason" in outcome ? context.deadLetter(outcome.reason) : outcome;
}

async function read(
  file: FileToRead,
  signal: AbortSignal,
): Promise<Document | { readonly reason: string }> {
  try {
    return await extract(file.folder, file, signal);
  } catch (error) {
    // A close has cut it short.
    if (signal.aborted) throw error;
    // What cannot be read now could not be read at once in another attempt.
    return { reason: reasonOf(error, file.path) };
  }
}
