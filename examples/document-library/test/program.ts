import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, watch } from "node:fs";
import path from "node:path";
import type { Readable } from "node:stream";

const REPOSITORY = path.resolve(import.meta.dirname, "../../..");

/** The real program, as `npm start` runs it. */
export class Program {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  stdout = "";
  stderr = "";
  readonly #closing: Promise<[number | null]>;

  constructor(...options: readonly string[]) {
    const line = ["--conditions=@busline/source", "scripts/start.mjs", ...options];
    this.child = spawn(process.execPath, line, {
      cwd: REPOSITORY,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#closing = once(this.child, "close") as Promise<[number | null]>;
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
  }

  /** Resolves when stderr has shown so many lines of this kind. */
  async shows(kind: RegExp, count = 1): Promise<void> {
    while (this.stderr.split("\n").filter((line) => kind.test(line)).length < count) {
      if (this.child.exitCode !== null)
        throw new Error(`ended before it showed ${kind}:\n${this.stderr}`);
      await Promise.race([once(this.child.stderr, "data"), once(this.child, "close")]);
    }
  }

  /** Resolves when a folder, which need not be there yet, has so many records. */
  async keeps(folder: string, count: number): Promise<void> {
    for (;;) {
      const watched = nearest(folder);
      const watcher = watch(watched);
      try {
        // What came before the watch has begun is seen now.
        if (recordsIn(folder) >= count) return;
        if (this.child.exitCode !== null) throw new Error(`ended at ${recordsIn(folder)} records`);
        if (nearest(folder) === watched)
          await Promise.race([once(watcher, "change"), this.#closing]);
      } finally {
        watcher.close();
      }
    }
  }

  /** @returns the exit code; `null` if it was killed */
  async end(): Promise<number | null> {
    const [code] = await this.#closing;
    return code;
  }
}

/** How many records of documents a folder has. */
export function recordsIn(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).filter((name) => name.endsWith(".json")).length;
}

/** The folder, or the one above it that is there. */
function nearest(folder: string): string {
  return existsSync(folder) ? folder : nearest(path.dirname(folder));
}

/** Reads the table of the output, in one block or several: for each destination its numbers, by label. */
export function countsOf(output: string): Map<string, Map<string, number>> {
  const table = new Map<string, Map<string, number>>();
  for (const block of output.split("\n\n")) {
    const lines = block.split("\n");
    const typeAt = lines.findIndex((line) => line.startsWith("type "));
    if (typeAt === -1) continue;
    const ends = [...(lines[typeAt] as string).matchAll(/(?<=\S)(?=  |$)/g)]
      .map(({ index }) => index)
      .slice(1);
    const rows = lines.slice(
      typeAt + 1,
      lines.findIndex((line) => line.startsWith("adds up")),
    );
    for (const [at, end] of ends.entries()) {
      const start = at === 0 ? "+ dead-lettered".length : (ends[at - 1] as number);
      const cell = (line: string): string => line.slice(start, end).trim();
      const counts = rows.map((line) => [
        line.replace(/^[=+] /, "").split(" ")[0],
        Number(cell(line).replaceAll(",", "")),
      ]);
      const name = lines.slice(0, typeAt).map(cell).join("");
      table.set(name, new Map(counts as [string, number][]));
    }
  }
  return table;
}
