import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** What is to be done, in this order, when the process ends, also where it is interrupted. */
const atEnd: (() => void)[] = [];
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Runs when the process ends, before the folders are removed that have been made earlier. */
export function whenProcessEnds(clear: () => void): void {
  if (atEnd.length === 0) {
    process.on("exit", () => {
      for (const one of atEnd) one();
    });
    for (const [signal, number] of Object.entries(signals)) {
      process.on(signal, () => process.exit(128 + number));
    }
  }
  atEnd.unshift(clear);
}

/** A new folder among the temporary files, which goes with the process. */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "busline-bench-"));
  // A server that has just been killed may still be writing.
  const options = { recursive: true, force: true, maxRetries: 5 };
  whenProcessEnds(() => rmSync(folder, options));
  return folder;
}
