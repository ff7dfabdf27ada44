import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { type Document, extract, TEXT_LIMIT, WORD_LIMIT } from "../src/extractor.ts";
import { InvertedIndex } from "../src/inverted-index.ts";
import { Library } from "../src/library.ts";
import { type Finding, type FoundFile, walk } from "../src/walker.ts";
import { naiveSearch } from "./naive-search.ts";
import { Tree } from "./tree.ts";

const never = new AbortController().signal;

function found(path: string): FoundFile {
  return { kind: "file", path, size: 1, mtimeMs: 0 };
}

async function read(
  tree: Tree,
  findings?: AsyncIterable<Finding>,
  usesThreads = false,
): Promise<Library> {
  const library = new Library(tree.root, { usesThreads });
  await library.read(findings ?? walk(tree.root, new Set()), never);
  return library;
}

test("library - holds every file once and finds what a naive search finds", async () => {
  using tree = new Tree();
  const files = Array.from({ length: 60 }, (_, at) => `${at % 4}/only${at}.md`);
  const vocabulary = ["bus", "message", "queue", "worker", "reply", "Grüße", "日本語", "x2"];
  for (const [at, file] of files.entries()) {
    tree.write(
      file,
      vocabulary
        .filter((_, word) => (at * 7 + word) % (word + 2) === 0)
        .join(", ")
        .repeat(1 + (at % 3)),
    );
  }
  const { audit, bus, index } = await read(tree);
  expect([audit.isBalanced, audit.foundCount, audit.indexedCount, index.documentCount]).toEqual([
    true,
    60,
    60,
    60,
  ]);
  const queries = [
    ...vocabulary.map((word) => [word.toLowerCase()]),
    ["queue", "message"],
    ["bus", "nothing"],
  ];
  queries.push(...files.map((_, at) => [`only${at}`]));
  for (const words of queries) {
    const expected = naiveSearch(tree.root, files, words);
    const answer = await bus.request("library/queries", { words });
    expect(answer.matchCount).toBe(expected.length);
    expect(answer.best.map(({ path }) => path)).toEqual(
      expected.slice(0, 10).map(({ path }) => path),
    );
  }
});

test.each([
  ["the event loop", false],
  ["threads", true],
])(
  "library - on %s, names the files that changed after they were found, and goes on",
  async (_, usesThreads) => {
    using tree = new Tree();
    for (const name of ["gone", "fifo", "link", "folder", "stays"]) tree.write(name, "message");
    async function* changing(): AsyncGenerator<Finding> {
      const findings: Finding[] = [];
      for await (const finding of walk(tree.root, new Set())) findings.push(finding);
      for (const name of ["gone", "fifo", "link", "folder"]) rmSync(tree.at(name));
      tree.fifo("fifo");
      tree.link("link", "stays");
      mkdirSync(tree.at("folder"));
      yield* findings;
    }
    const { audit, bus } = await read(tree, changing(), usesThreads);
    expect(Object.fromEntries(audit.unreadable.map(({ path, reason }) => [path, reason]))).toEqual({
      gone: "it has vanished",
      fifo: "it is not a file any more",
      link: "it has become a symbolic link",
      folder: "it is not a file any more",
    });
    expect([
      audit.isBalanced,
      audit.foundCount,
      audit.indexedCount,
      audit.unreadableFileCount,
    ]).toEqual([true, 5, 1, 4]);
    expect(bus.getDestination("library/documents")?.statistics.failedMessageCount).toBe(4);
  },
);

test("library - names ten unreadable files and counts the rest", async () => {
  using tree = new Tree();
  async function* vanished(): AsyncGenerator<Finding> {
    for (let at = 0; at < 25; at += 1) yield found(`gone${at}`);
  }
  const { audit } = await read(tree, vanished());
  expect([audit.unreadable.length, audit.unreadableCount, audit.isBalanced]).toEqual([
    10,
    25,
    true,
  ]);
});

test("library - never has more files on their way than its queues and workers hold", async () => {
  using tree = new Tree();
  for (let at = 0; at < 1_000; at += 1) tree.write(`file${at}`, "message");
  let mostOnTheirWay = 0;
  const library = new Library(tree.root);
  async function* hurried(): AsyncGenerator<Finding> {
    for (let at = 0; at < 1_000; at += 1) {
      yield found(`file${at}`);
      mostOnTheirWay = Math.max(mostOnTheirWay, library.audit.onTheirWayCount);
    }
  }
  await library.read(hurried(), never);
  // Being read 8, waiting for it 64, one whose sender waits; being indexed 1, waiting for it 16.
  expect(mostOnTheirWay).toBeGreaterThanOrEqual(8 + 64);
  expect(mostOnTheirWay).toBeLessThanOrEqual(8 + 64 + 1 + 1 + 16);
  expect(library.audit.indexedCount).toBe(1_000);
});

test("library - finishes what was found when its reading is interrupted in the middle", async () => {
  using tree = new Tree();
  for (let at = 0; at < 200; at += 1) tree.write(`file${at}`, "message");
  const interruption = new AbortController();
  const library = new Library(tree.root);
  async function* interrupted(): AsyncGenerator<Finding> {
    for (let at = 0; at < 200; at += 1) {
      if (at === 120) interruption.abort();
      // Fifty of them cannot be read, and are named also while the bus drains.
      yield found(at < 70 ? `file${at}` : `gone${at}`);
    }
  }
  await library.read(interrupted(), interruption.signal);
  await library.bus.drain();
  const { audit, index } = library;
  expect([
    audit.isBalanced,
    audit.foundCount,
    audit.unreadableFileCount,
    audit.onTheirWayCount,
  ]).toEqual([true, 120, 50, 0]);
  expect(index.documentCount).toBe(70);
});

test.each([0, 1, 4_096, 65_536, 65_537, 300_000])(
  "extractor - hashes all of %i bytes",
  async (size) => {
    using tree = new Tree();
    const content = randomBytes(size);
    tree.write("file", content);
    const document = await extract(tree.root, found("file"), never);
    expect(document.sha256).toBe(createHash("sha256").update(content).digest("hex"));
    expect(document.size).toBe(size);
  },
);

test("index - has the same digest for the same documents in any order, and another for others", async () => {
  using tree = new Tree();
  for (const name of ["a", "b", "c"]) tree.write(name, `message ${name.repeat(2)} `.repeat(3));
  const documents = await Promise.all(
    ["a", "b", "c"].map(async (name) => extract(tree.root, found(name), never)),
  );
  const digestOf = (...added: typeof documents): string => {
    const index = new InvertedIndex();
    for (const document of added) expect(index.add(document)).toBe(true);
    for (const document of added) expect(index.add(document)).toBe(false);
    return index.digest();
  };
  const [a, b, c] = documents as [Document, Document, Document];
  const digest = digestOf(a, b, c);
  expect(digestOf(c, a, b)).toBe(digest);
  const others = [
    digestOf(a, b),
    digestOf(a, b, { ...c, path: "d" }),
    digestOf(a, b, { ...c, sha256: a.sha256 }),
    digestOf(a, b, { ...c, wordCounts: new Map([...c.wordCounts, ["message", 4]]) }),
  ];
  expect(new Set([digest, ...others]).size).toBe(5);
});

test("extractor - indexes a binary file by its name only", async () => {
  using tree = new Tree();
  tree.write("some-name", "message\0");
  const document = await extract(tree.root, found("some-name"), never);
  expect([document.isText, [...document.wordCounts.keys()]]).toEqual([false, ["some", "name"]]);
});

test("extractor - says what it left out of a long text", async () => {
  using tree = new Tree();
  const words = Array.from({ length: WORD_LIMIT }, (_, at) => `w${at}`).join(" ");
  tree.write("file", `${words} `.padEnd(TEXT_LIMIT) + "beyond");
  const document = await extract(tree.root, found("file"), never);
  expect(document.isCut).toBe(true);
  expect(document.wordCounts.size).toBe(WORD_LIMIT);
  expect(document.leftOutWordCount).toBe(1);
  expect(document.wordCounts.has("beyond")).toBe(false);
});

test("extractor - stops when the bus interrupts it", async () => {
  using tree = new Tree();
  tree.writeSparse("file", 2 ** 40);
  const controller = new AbortController();
  const reading = extract(tree.root, found("file"), controller.signal);
  controller.abort(new Error("enough"));
  await expect(reading).rejects.toThrow("enough");
});
