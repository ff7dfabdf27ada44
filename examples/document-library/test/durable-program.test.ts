import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { Dice } from "./dice.ts";
import { expectAddsUp } from "./expect-adds-up.ts";
import { Program, recordsIn } from "./program.ts";
import { Tree } from "./tree.ts";

// Each test starts the program several times: without it, only those run that matter most.
const IS_LONG = process.env["BUSLINE_LONG"] !== undefined;
const SLOW = { timeout: 180_000 };
const TERABYTE = 2 ** 40;
/** `LIBRARY_SEED=123` repeats what chance has chosen. */
const SEED = Number(process.env["LIBRARY_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Fills a folder with so many documents of words that are drawn by lot. */
function fill(tree: Tree, folder: string, count: number, dice: Dice): void {
  for (let at = 0; at < count; at += 1) {
    const words = Array.from({ length: 20 + dice.below(600) }, () => `word${dice.below(900)}`);
    tree.write(`${folder}/${at % 9}/${at % 4}/${at}.txt`, words.join(" "));
  }
  tree.link(`${folder}/link`, "0");
}

/** Runs to the end. @returns the output */
async function run(...options: readonly string[]): Promise<string> {
  const program = new Program(...options);
  const code = await program.end();
  expect([code, /warning/i.exec(program.stderr)]).toEqual([0, null]);
  expectAddsUp(program.stdout);
  return program.stdout;
}

/** What of the report is the same however the work was done. */
function booksOf(output: string): readonly (string | undefined)[] {
  const lines = [/^.* files found = .*$/m, /^Left aside: .*$/m, /^Index: .*\n.*\n.*digest .*$/m];
  return lines.map((line) => line.exec(output)?.[0]);
}

/** How a run is killed. */
interface Killing {
  readonly place: string;
  readonly options: readonly string[];
  readonly killCount: number;
  /** One file takes so long that no run ends by itself, and is in hand at each kill. */
  readonly isHeld: boolean;
}

const killings: readonly Killing[] = [
  { place: "the event loop", options: [], killCount: 5, isHeld: false },
  { place: "threads", options: ["--threads"], killCount: 5, isHeld: false },
  { place: "the event loop", options: [], killCount: 8, isHeld: true },
  { place: "threads", options: ["--threads"], killCount: 8, isHeld: true },
];

test.each(IS_LONG ? killings : killings.slice(0, 1))(
  "durable program - killed in the middle on $place, again and again, ends with the index of an undisturbed run",
  SLOW,
  async ({ place, options, killCount, isHeld }) => {
    const dice = new Dice(SEED);
    using tree = new Tree();
    fill(tree, "read", 399, dice);
    tree.write("read/held", "message");
    const folder = tree.at("read");
    const expected = booksOf(await run(folder));
    expect(expected[2]).toMatch(/digest [0-9a-f]{64}$/);
    const durable = await run(folder, `--durable=${tree.at("undisturbed")}`, ...options);
    expect(booksOf(durable)).toEqual(expected);

    if (isHeld) tree.writeSparse("read/held", TERABYTE);
    const command = [folder, `--durable=${tree.at("killed")}`, ...options];
    const records = tree.at("killed/documents");
    const kept = [0];
    for (let kill = 1; kill <= killCount; kill += 1) {
      const program = new Program(...command);
      const already = kept.at(-1) as number;
      // At the last one of those that are held the walk is over: of what is left, only the messages know.
      const isTail = isHeld && kill === killCount;
      await program.keeps(
        records,
        isTail ? 370 + dice.below(30) : already + dice.below(300 / killCount),
      );
      program.child.kill("SIGKILL");
      expect(await program.end()).toBe(null);
      kept.push(recordsIn(records));
    }
    if (isHeld) tree.write("read/held", "message");
    const output = await run(...command);
    console.log(
      `LIBRARY_SEED=${SEED}: killed on ${place} at ${kept.slice(1).join(", ")} of 400 documents\n` +
        /^Goes on .*$/m.exec(output)?.[0],
    );
    expect(booksOf(output)).toEqual(expected);
    // Where a record is there of a message that has not ended, it is delivered again, and counts once.
    const last = kept.at(-1) as number;
    expect(output).toContain(`\nDurable: 400 indexed = ${last} done before + ${400 - last} in `);
    const going = new RegExp(`^Goes on .*: ${last} documents done, \\d+ messages? left`, "m");
    expect(going.test(output) || !isHeld).toBe(true);
    expect(output).toContain(`\nFiles were read on ${place}; `);

    // When it was found, what was held was another file than it is now.
    const changedCount = isHeld ? 1 : 0;
    const after = await run(...command);
    expect(after).toContain(
      `\nThe last run was complete: ${400 - changedCount} documents done and as before.`,
    );
    expect(expectAddsUp(after).get("library/documents")?.get("sent")).toBe(changedCount);
    expect(booksOf(after)).toEqual(expected);
  },
);

test("durable program - goes on after an interruption, in the folder beside", SLOW, async () => {
  const dice = new Dice(SEED);
  using tree = new Tree();
  fill(tree, "read", 300, dice);
  const folder = tree.at("read");
  const expected = booksOf(await run(folder));
  const own = tree.at("read.document-library");
  const interrupted = new Program(folder, "--durable");
  await interrupted.keeps(`${own}/documents`, 1 + dice.below(100));
  interrupted.child.kill("SIGINT");
  expect(await interrupted.end()).toBe(130);
  const { stderr, stdout } = interrupted;
  expect(stdout).toContain(`\nDurable in ${own}\nBegins a new library.\n`);
  expect(stderr).toMatch(/^Durable: \d+ files, \d+ indexed \(0 before\), .*; \d+ messages left$/m);
  expect(stderr).toMatch(/^Finishing: /m);
  const left = Number(/^Interrupted: (\d+) messages left in (.*)\.$/m.exec(stdout)?.[1]);
  expect(stdout).toContain(` left in ${own}.\nThe same command goes on from there.\n`);
  expectAddsUp(stdout);
  const done = recordsIn(`${own}/documents`);
  // All that was in hand is finished.
  expect(stdout).toContain(`files found = ${done} indexed + 0 unreadable + `);

  const output = await run(folder, "--durable");
  expect(output).toContain(`run ended: ${done} documents done, ${left} messages left.\n`);
  expect(output).toContain(`\n         ${left} messages found, 0 left\n`);
  expect(booksOf(output)).toEqual(expected);
});

test(
  "durable program - ends at once at the second interruption, and names what vanished then",
  SLOW,
  async () => {
    using tree = new Tree();
    fill(tree, "read", 20, new Dice(SEED));
    tree.writeSparse("read/held", TERABYTE);
    const command = [tree.at("read"), `--durable=${tree.at("own")}`];
    const program = new Program(...command);
    await program.keeps(tree.at("own/documents"), 20);
    program.child.kill("SIGINT");
    // Lines come every half second: two more, and the next signal is not the same key press.
    await program.shows(/^Finishing: /, 3);
    program.child.kill("SIGINT");
    expect(await program.end()).toBe(130);
    expect(program.stdout).toMatch(/^Interrupted: 1 message left in /m);
    rmSync(tree.at("read/held"));
    const vanished = "\nCould not be read: 1\n  held: it has vanished\n";
    expect(await run(...command)).toContain(vanished);
    // A walk that begins anew does not come upon it.
    expect(await run(...command)).not.toContain(vanished);
  },
);

test.skipIf(!IS_LONG)("durable program - keeps its own folder out of the index", SLOW, async () => {
  using tree = new Tree();
  fill(tree, "read", 100, new Dice(SEED));
  const folder = tree.at("read");
  const own = tree.at("read/8/own");
  const expected = booksOf(await run(folder));
  const program = new Program(folder, `--durable=${own}`);
  await program.keeps(`${own}/documents`, 30);
  program.child.kill("SIGKILL");
  await program.end();
  const output = await run(folder, `--durable=${own}`);
  expect([booksOf(output)[0], booksOf(output)[2]]).toEqual([expected[0], expected[2]]);
  expect(output).toMatch(/^Left aside: .*1 folder of this library/m);
});

test("durable program - reads only what has changed since it was complete", SLOW, async () => {
  using tree = new Tree();
  fill(tree, "read", 30, new Dice(SEED));
  const command = [tree.at("read"), `--durable=${tree.at("own")}`];
  await run(...command);
  tree.write("read/0/0/0.txt", "message, longer than it was, or shorter");
  tree.write("read/new.txt", "message");
  rmSync(tree.at("read/1/1/1.txt"));
  const output = await run(...command);
  expect(output).toContain("\nThe last run was complete: 28 documents done and as before. ");
  expect(output).toContain("\nDurable: 30 indexed = 28 done before + 2 in this run\n");
  expect(expectAddsUp(output).get("library/documents")?.get("sent")).toBe(2);
  expect(recordsIn(tree.at("own/documents"))).toBe(30);
  expect(booksOf(output)).toEqual(booksOf(await run(tree.at("read"))));
});

test.skipIf(!IS_LONG)(
  "durable program - leaves a library alone that another process has open",
  SLOW,
  async () => {
    using tree = new Tree();
    tree.writeSparse("read/held", TERABYTE);
    const command = [tree.at("read"), `--durable=${tree.at("own")}`];
    const first = new Program(...command);
    await first.shows(/^Durable: 1 file, .* 2 messages left|^Durable: 1 file, .* 1 message left/);
    const second = new Program(...command);
    expect(await second.end()).toBe(2);
    expect(second.stderr).toMatch(
      new RegExp(
        `^document-library: .*own/messages.* is open in process ${first.child.pid}\\b.*$`,
        "m",
      ),
    );
    expect(second.stderr).not.toMatch(/warning|at .*\.ts/i);
    first.child.kill("SIGKILL");
    await first.end();
  },
);
