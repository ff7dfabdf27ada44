import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { copyFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  keyOf,
  type Lmdb,
  type LmdbFile,
  openLmdb,
  type Random,
  randomOf,
  rewrite,
  sealed,
} from "./lmdb-damage-fixture.ts";

const flags = ["--import", "tsx", "--input-type=module", "--eval"];
const cwd = fileURLToPath(new URL(".", import.meta.url));

function start(call: string): ChildProcessWithoutNullStreams {
  const source = `import { LmdbDamageProcess } from "./lmdb-damage-process.ts"; await LmdbDamageProcess.${call};`;
  return spawn(process.execPath, [...flags, source], { cwd });
}

interface Job {
  readonly damaged: string;
  readonly original: LmdbFile;
  readonly seed: number;
}

interface Child {
  readonly stdin: { write(text: string): unknown; end(): unknown };
}

/** A process that opens damaged files, and is replaced when it dies of one. */
export class LmdbDamageProcess {
  /** Kills a writer, so many milliseconds after its first transaction, at whatever it is doing. */
  static async writeUntilKilled(path: string, seed: number, milliseconds: number): Promise<void> {
    const child = start(`write(${JSON.stringify(path)}, ${seed})`);
    child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), milliseconds));
    await new Promise((resolve) => child.once("close", resolve));
  }

  /** What runs in the process that is killed. */
  static write(path: string, seed: number): void {
    const random = randomOf(seed);
    const lmdb = openLmdb(path);
    rewrite(lmdb, 1_000, 1, random);
    process.stdout.write("begun\n");
    for (;;) rewrite(lmdb, 1_000, 10, random);
  }

  /** What runs in the process that opens damaged files. */
  static async answer(): Promise<void> {
    for await (const line of createInterface(process.stdin)) {
      let answer = "right";
      try {
        await useDamaged(JSON.parse(line) as Job);
      } catch (error) {
        answer = String(error).replaceAll("\n", " ");
      }
      process.stdout.write(`${answer}\n`);
    }
  }

  #child: Child | undefined;
  #answer: (text: string) => void = () => undefined;

  /** Reads and changes a damaged file. @returns "right", or what was not as with the original */
  use(job: Job): Promise<string> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#child ??= this.#start();
      this.#child.stdin.write(`${JSON.stringify(job)}\n`);
    });
  }

  end(): void {
    this.#child?.stdin.end();
  }

  #start(): Child {
    const child = start("answer()");
    let said = "";
    child.stderr.on("data", (data: Buffer) => (said += data.toString()));
    createInterface(child.stdout).on("line", (line) => this.#answer(line));
    child.once("close", (code, signal) => {
      this.#child = undefined;
      this.#answer(`the process ended by ${signal ?? code}: ${said}`);
    });
    return child;
  }
}

/** Values by their keys as Latin-1. */
type Entries = Map<string, Buffer>;

const originals = new Map<string, Entries>();

/** Fails unless the entries are those of the original, then and after four transactions more. */
async function useDamaged({ damaged, original, seed }: Job): Promise<void> {
  const { path, name } = original;
  let entries = originals.get(path);
  if (entries === undefined) {
    entries = await entriesOf(path, name);
    originals.set(path, entries);
  }
  const expected = new Map(entries);
  const random = randomOf(seed);
  await using(damaged, name, (lmdb) => {
    compare(lmdb, expected);
    for (let round = 0; round < 4; round += 1) change(lmdb, expected, random);
    compare(lmdb, expected);
  });
  await using(damaged, name, (lmdb) => compare(lmdb, expected));
}

async function entriesOf(path: string, name: string | undefined): Promise<Entries> {
  const copy = `${path}.${process.pid}`;
  copyFileSync(path, copy);
  const entries: Entries = new Map();
  await using(copy, name, (lmdb) => {
    // What a long value is in goes away with the file.
    for (const { key, value } of lmdb.getRange({})) entries.set(textOf(key), Buffer.from(value));
  });
  return entries;
}

/** What lmdb has open of a file it goes on with, so it is closed whatever happens. */
async function using(
  path: string,
  name: string | undefined,
  use: (lmdb: Lmdb) => void,
): Promise<void> {
  const lmdb = openLmdb(path, name);
  try {
    use(lmdb);
  } finally {
    await lmdb.close();
  }
}

/** A transaction that puts, replaces and removes. */
function change(lmdb: Lmdb, expected: Entries, random: Random): void {
  const known = [...expected.keys()];
  lmdb.transactionSync(() => {
    for (let at = 0; at < 50; at += 1) {
      const some = random(2) === 0 ? known[random(known.length)] : undefined;
      const key = some === undefined ? keyOf(random(100_000)) : Buffer.from(some, "latin1");
      if (random(3) === 0) {
        lmdb.removeSync(key);
        expected.delete(textOf(key));
      } else {
        const value = sealed(key, random(10) === 0 ? random(20_000) : random(300), random);
        lmdb.putSync(key, value);
        expected.set(textOf(key), value);
      }
    }
  });
}

/** By walking along the leaves and by looking each key up, which leads through the branches. */
function compare(lmdb: Lmdb, expected: Entries): void {
  let count = 0;
  for (const { key, value } of lmdb.getRange({})) {
    if (expected.get(textOf(key))?.equals(value) !== true) throw new Error("has a wrong entry");
    count += 1;
  }
  if (count !== expected.size) throw new Error(`has ${count} entries of ${expected.size}`);
  for (const [text, value] of expected) {
    const found = lmdb.get(Buffer.from(text, "latin1"));
    if (found?.equals(value) !== true) throw new Error("does not find an entry");
  }
}

function textOf(key: Buffer): string {
  return key.toString("latin1");
}
