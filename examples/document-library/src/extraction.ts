import type { Message, MessageListenerContext } from "busline";
import { type Document, extract } from "./extractor.ts";
import type { FoundFile } from "./walker.ts";

/** A file that is to be read, and the folder in which it was found. */
export interface FileToRead extends FoundFile {
  readonly folder: string;
}

/** The listener that reads files, on the event loop or on a thread. Where its document goes is the message's affair. */
export default function extraction(
  { payload: file }: Message<FileToRead>,
  { signal }: MessageListenerContext<Document>,
): Promise<Document> {
  return extract(file.folder, file, signal);
}
