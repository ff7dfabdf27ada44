import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { opendir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Document } from "./extractor.ts";
import { writeStable } from "./stable-file.ts";
import type { FoundFile } from "./walker.ts";

/** What was made of a file: a small file of its own, which outlives the process. */
export interface DocumentRecord {
  /** The file as it was found then. */
  readonly found: FoundFile;
  /** Its document, or why it could not be read. */
  readonly outcome: Document | { readonly reason: string };
}

/** What a path is called where it may be no name, for its length or its characters. */
export function nameOf(documentPath: string): string {
  return createHash("sha256").update(documentPath).digest("hex");
}

/** A file has one record: the same again changes nothing, so it may be done twice. */
export async function keepRecord(
  folder: string,
  { kind, path: of, size, mtimeMs }: FoundFile,
  outcome: DocumentRecord["outcome"],
): Promise<void> {
  const record = { found: { kind, path: of, size, mtimeMs }, outcome } satisfies DocumentRecord;
  const text = JSON.stringify(record, (_, value: unknown) =>
    value instanceof Map ? [...(value as Map<unknown, unknown>)] : value,
  );
  await writeStable(path.join(folder, `${nameOf(of)}.json`), text);
}

/** All records, one at a time, each with the file it lies in. */
export async function* recordsIn(folder: string): AsyncGenerator<[string, DocumentRecord]> {
  for await (const { name } of (await opendir(folder)) as AsyncIterable<Dirent>) {
    const file = path.join(folder, name);
    const text = await readFile(file, "utf8");
    const record = JSON.parse(text, (key, value: unknown) =>
      key === "wordCounts" ? new Map(value as [string, number][]) : value,
    ) as DocumentRecord;
    yield [file, record];
  }
}
