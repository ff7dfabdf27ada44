import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** One call that a program has made, as `strace -f -y` tells it. */
export interface SystemCall {
  readonly name: string;
  readonly thread: string;
  /** The number of its file, and what that is. */
  readonly file: string;
  readonly path: string;
  /** What it was given, as it stands in the trace. */
  readonly given: string;
  /** When it began and ended, counted in lines: strace lets a thread go on only when it has written down where it was. */
  readonly begin: number;
  readonly end: number;
  /** What it returned; negative if it failed. */
  readonly result: number;
}

const WHOLE = /^(\d+) +(\w+)\((\d+)<(.*?)>(?=[,)])(.*)\) += (-?\d+)/su;
const BEGUN = /^(\d+) +(\w+)\((\d+)<(.*?)>(?=[, ])(.*)<unfinished \.\.\.>$/su;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)/su;

/** Reads a trace, with the calls of several threads among each other, in the order in which they began. */
export async function readSystemCalls(file: string): Promise<SystemCall[]> {
  const lines = createInterface(createReadStream(file, "utf8"));
  const reader = new SystemCallReader();
  for await (const line of lines) reader.read(line);
  return reader.calls;
}

/** What has been read of a trace so far. */
export class SystemCallReader {
  /** By their threads, those that have not ended. */
  readonly #begun = new Map<string, Omit<SystemCall, "end" | "result">>();
  readonly #calls: SystemCall[] = [];
  #line = 0;

  /** In the order in which they began. */
  get calls(): SystemCall[] {
    return this.#calls.toSorted((one, other) => one.begin - other.begin);
  }

  read(line: string): void {
    this.#line += 1;
    const at = this.#line;
    const begun = BEGUN.exec(line);
    if (begun !== null) {
      const [, thread = "", name = "", file = "", path = "", given = ""] = begun;
      this.#begun.set(thread, { name, thread, file, path, given, begin: at });
      return;
    }
    const resumed = RESUMED.exec(line);
    if (resumed !== null) {
      const [, thread = "", name, rest = "", result] = resumed;
      const call = this.#begun.get(thread);
      this.#begun.delete(thread);
      if (call === undefined || call.name !== name) {
        throw new Error(`Line ${at} ends what has not begun: ${line}`);
      }
      const given = call.given + rest;
      this.#calls.push({ ...call, given, end: at, result: Number(result) });
      return;
    }
    const whole = WHOLE.exec(line);
    if (whole === null) return;
    const [, thread = "", name = "", file = "", path = "", given = "", result] = whole;
    const call = { name, thread, file, path, given, begin: at, end: at };
    this.#calls.push({ ...call, result: Number(result) });
  }
}
