import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { Readable } from "node:stream";

const REPOSITORY = path.resolve(import.meta.dirname, "../../..");

/** The real program, as `npm start` runs it. */
export class Program {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  stdout = "";
  stderr = "";

  constructor(...options: readonly string[]) {
    const line = ["--conditions=@busline/source", "scripts/start.mjs", ...options];
    this.child = spawn(process.execPath, line, {
      cwd: REPOSITORY,
      stdio: ["ignore", "pipe", "pipe"],
    });
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

  /** @returns the exit code */
  async end(): Promise<number | null> {
    const [code] = (await once(this.child, "close")) as [number | null];
    return code;
  }
}

/** Reads the table of the output: for each destination its numbers, by label. */
export function countsOf(output: string): Map<string, Map<string, number>> {
  const lines = output.split("\n");
  const typeLine = lines.findIndex((line) => line.startsWith("type "));
  const nameLines = lines.slice(lines.lastIndexOf("", typeLine) + 1, typeLine);
  const ends = [...(lines[typeLine] as string).matchAll(/(?<=\S)(?=  |$)/g)]
    .map(({ index }) => index)
    .slice(1);
  const table = new Map<string, Map<string, number>>();
  for (const [at, end] of ends.entries()) {
    const start = at === 0 ? "+ dead-lettered".length : (ends[at - 1] as number);
    const cell = (line: string): string => line.slice(start, end).trim();
    const rows = lines.slice(
      typeLine + 1,
      lines.findIndex((line) => line.startsWith("adds up")),
    );
    const counts = rows.map((line) => [
      line.replace(/^[=+] /, "").split(" ")[0],
      Number(cell(line).replaceAll(",", "")),
    ]);
    table.set(nameLines.map(cell).join(""), new Map(counts as [string, number][]));
  }
  return table;
}
