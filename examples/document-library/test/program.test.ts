import { expect, test } from "vitest";
import { naiveSearch } from "./naive-search.ts";
import { expectAddsUp } from "./expect-adds-up.ts";
import { Program } from "./program.ts";
import { Tree } from "./tree.ts";

const SLOW = { timeout: 60_000 };
const GIGABYTE = 2 ** 30;

test.each([
  ["the event loop", []],
  ["threads", ["--threads"]],
])(
  "program - reads whatever a folder holds on %s, each file once, and answers as a naive search does",
  SLOW,
  async (place, options) => {
    using tree = new Tree();
    const files: string[] = [];
    const write = (name: string, content: string | Buffer): void => {
      tree.write(name, content);
      files.push(name);
    };
    for (let at = 1; at <= 120; at += 1)
      write(`deep/er/${at % 7}/file-${at}.txt`, "bus ".repeat(at % 9) + "Message. ".repeat(at % 5));
    write("binary", Buffer.from("message\0message"));
    write("message.bin", Buffer.from([0, 1, 2]));
    write("latin1.txt", Buffer.from("caf\xe9 message \xff", "latin1"));
    write("empty", "");
    write(`${"n".repeat(240)} message.txt`, "bus");
    write("line\nend \u001b[31m", "message bus ".repeat(40));
    tree.writeUnnamable("message");
    tree.fifo("pipe");
    tree.link("loop", ".");
    tree.link("nowhere", "gone");

    const program = new Program(tree.root, ...options, "--query", "MESSAGE", "bus");

    expect(await program.end()).toBe(0);
    const { stdout } = program;
    expect(stdout).toContain(`\nFiles were read on ${place}; `);
    const table = expectAddsUp(stdout);
    expect(stdout).toContain(
      `\n${files.length} files found = ${files.length} indexed + 0 unreadable + 0 unfinished\n`,
    );
    expect(table.get("library/documents")?.get("delivered")).toBe(files.length);
    expect(table.get("library/index")?.get("delivered")).toBe(files.length);
    expect(table.get("library/queries")?.get("delivered")).toBe(1);
    expect(table.get("liferay/message_bus/default_response")?.get("delivered")).toBe(1);
    expect(stdout).toMatch(/Left aside: (1 FIFO, 2 symbolic links|2 symbolic links, 1 FIFO)\n/);
    expect(stdout).toMatch(/Could not be read: 1\n {2}b\ufffde: its name is not UTF-8\n/);
    const found = naiveSearch(tree.root, files, ["message", "bus"]);
    expect(found[0]?.path).toBe("line\nend \u001b[31m");
    const best = found
      .slice(0, 10)
      .map(({ path, score }) => `${score.toFixed(2).padStart(8)}  ${path}`);
    const shown = best.join("\n").replace("line\nend \u001b", "line\\u{a}end \\u{1b}");
    expect(stdout).toContain(
      `${found.length} documents with "message" and "bus". The best 10:\n${shown}\n`,
    );
    expect(program.stderr).toMatch(/^Reading: /);
  },
);

test("program - chooses a word of the content when nobody asks for one", SLOW, async () => {
  using tree = new Tree();
  tree.write("one", "alpha omega");
  tree.write("two", "alpha omega");
  tree.write("three", "alpha");
  tree.write("four", "alpha");
  const program = new Program(tree.root);
  expect(await program.end()).toBe(0);
  expect(program.stdout).toContain(`2 documents with "omega". Best first:\n`);
});

test("program - finds nothing in an empty folder", SLOW, async () => {
  using tree = new Tree();
  const program = new Program(tree.root);
  expect(await program.end()).toBe(0);
  expect(program.stdout).toContain("0 files found = 0 indexed + 0 unreadable + 0 unfinished");
  expect(program.stdout).toContain("There is no word to look for.");
});

test("program - refuses a command line in one line", SLOW, async () => {
  using tree = new Tree();
  tree.write("file", "");
  const refusals = await Promise.all(
    [
      [tree.at("missing")],
      [tree.at("file")],
      ["--nope"],
      [tree.root, "--query"],
      [tree.root, tree.root],
    ].map(async (options) => {
      const program = new Program(...options);
      return [await program.end(), program.stdout, program.stderr.replace(tree.root, "ROOT")];
    }),
  );
  const said = (text: string): unknown => [
    2,
    "",
    `document-library: ${text} (--help shows the usage)\n`,
  ];
  expect(refusals).toEqual([
    said("cannot read ROOT/missing: there is no such folder"),
    said("cannot read ROOT/file: it is not a folder"),
    said("unknown option --nope"),
    said("--query needs at least one word"),
    said("one folder at most, not 2"),
  ]);
});

test("program - explains itself", SLOW, async () => {
  const program = new Program("--help");
  expect(await program.end()).toBe(0);
  expect(program.stdout).toMatch(/^Usage: npm start/);
});

test("program - finishes what was found after an interruption, in flat memory", SLOW, async () => {
  using tree = new Tree();
  tree.writeSparse("large", GIGABYTE);
  for (let at = 0; at < 500; at += 1) tree.write(`${at % 10}/${at}`, "message");
  const program = new Program(tree.root);
  await program.shows(/^Reading: [1-9]/);
  // One key press may come twice, from the terminal and from npm. (Two of one kind would be merged.)
  program.child.kill("SIGINT");
  program.child.kill("SIGTERM");
  expect(await program.end()).toBe(130);
  const counts = expectAddsUp(program.stdout).get("library/documents");
  expect(counts?.get("sent")).toBe(counts?.get("delivered"));
  expect(program.stdout).toContain("\nInterrupted: what was found is finished.\n");
  expect(program.stdout).toContain(" 0 unreadable + 0 unfinished\n");
  expect(Number(/peak memory ([\d.]+) MB/.exec(program.stdout)?.[1])).toBeLessThan(400);
  expect(program.stdout).not.toContain('with "message"');
});

test("program - can be interrupted before it has found anything", SLOW, async () => {
  using tree = new Tree();
  tree.writeSparse("large", GIGABYTE / 8);
  const program = new Program(tree.root);
  await program.shows(/^Reading: 0/);
  program.child.kill("SIGTERM");
  expect(await program.end()).toBe(130);
  expectAddsUp(program.stdout);
});

test("program - ends at once at the second interruption", SLOW, async () => {
  using tree = new Tree();
  for (const name of ["one", "two", "three"]) tree.writeSparse(name, 1024 * GIGABYTE);
  const program = new Program(tree.root);
  await program.shows(/^Reading: 3 files/);
  program.child.kill("SIGINT");
  // Lines come every half second: two more, and the next signal is not the same key press.
  await program.shows(/^Finishing: /, 3);
  program.child.kill("SIGINT");
  expect(await program.end()).toBe(130);
  expect(expectAddsUp(program.stdout).get("library/documents")?.get("active")).toBe(3);
  expect(program.stdout).toContain("\nInterrupted: 3 messages given up.\n");
  expect(program.stdout).toContain("3 files found = 0 indexed + 0 unreadable + 3 unfinished\n");
});

test("program - ends quietly when nobody reads its output any more", SLOW, async () => {
  using tree = new Tree();
  tree.write("file", "message");
  const program = new Program(tree.root);
  program.child.stdout.once("data", () => program.child.stdout.destroy());
  expect(await program.end()).toBe(0);
  expect(program.stderr).toMatch(/^(Reading: .*\n)*$/);
});
