import { expect, test } from "vitest";
import { keepRecord } from "../src/document-record.ts";
import { DurableRun, type Remains } from "../src/durable-run.ts";
import { extract } from "../src/extractor.ts";
import { Library } from "../src/library.ts";
import { LibraryFolder } from "../src/library-folder.ts";
import type { FoundFile } from "../src/walker.ts";
import { Tree } from "./tree.ts";

/** Each of the processes that is played starts a store of its own. */
const SLOW = { timeout: 60_000 };
const never = new AbortController().signal;

function found(path: string): FoundFile {
  return { kind: "file", path, size: 7, mtimeMs: 0 };
}

/** A folder to read, and one for its library, with what a process has of them. */
class Setting implements Disposable {
  readonly tree = new Tree();
  readonly subject = { folder: this.tree.at("read"), excluded: new Set<string>() };

  async library(): Promise<{ own: LibraryFolder; library: Library }> {
    const own = await LibraryFolder.open(this.tree.at("own"), this.subject);
    const durable = { own, stop: never, warn: () => {} };
    return { own, library: new Library(this.subject.folder, { durable }) };
  }

  /** Takes up what is left, and finishes it. */
  async run(): Promise<{ library: Library; remains: Remains }> {
    const { own, library } = await this.library();
    const run = new DurableRun(library, own, this.subject, never);
    const remains = await run.recover();
    await run.finish();
    await library.bus.close();
    return { library, remains };
  }

  [Symbol.dispose](): void {
    this.tree[Symbol.dispose]();
  }
}

test(
  "durable run - remembers what could not be read until the folder is walked anew",
  SLOW,
  async () => {
    using setting = new Setting();
    setting.tree.write("read/stays", "message");
    const { library: first } = await setting.library();
    async function* findings(): AsyncGenerator<FoundFile> {
      yield found("stays");
      yield found("gone");
    }
    await first.read(findings(), never);
    expect(first.audit.unreadable).toEqual([{ path: "gone", reason: "it has vanished" }]);
    // Nobody listens for walks yet: it waits for the next process.
    await first.bus.send("library/walks", { folder: setting.subject.folder });
    await first.bus.close();

    const { library: second, remains } = await setting.run();
    expect(remains).toEqual({ documentCount: 1, messageCount: 1, wasComplete: false });
    expect(second.audit.unreadable).toEqual([{ path: "gone", reason: "it has vanished" }]);
    expect([second.audit.isBalanced, second.audit.foundCount, second.audit.recoveredCount]).toEqual(
      [true, 2, 1],
    );

    const { library: third, remains: last } = await setting.run();
    // What lies there was written after it had been found, so it is read again.
    expect(last).toEqual({ documentCount: 0, messageCount: 0, wasComplete: true });
    expect(third.audit.unreadableCount).toBe(0);
    expect(third.index.digest()).toBe(second.index.digest());
  },
);

test(
  "durable run - takes a document once whose message outlived the kill after its record",
  SLOW,
  async () => {
    using setting = new Setting();
    setting.tree.write("read/file", "message");
    const { own, library: first } = await setting.library();
    first.bus.getDestination("library/documents")?.pause();
    await first.take(found("file"));
    await first.bus.close();
    const document = await extract(setting.subject.folder, found("file"), never);
    await keepRecord(own.documents, found("file"), document);

    const { library: second, remains } = await setting.run();
    expect(remains).toEqual({ documentCount: 1, messageCount: 1, wasComplete: false });
    const { audit, bus, index } = second;
    expect([audit.isBalanced, audit.foundCount, index.documentCount]).toEqual([true, 1, 1]);
    expect(bus.getDestination("library/documents")?.statistics.deliveredMessageCount).toBe(1);
  },
);

test("durable run - sends no file twice when the walk begins once more", SLOW, async () => {
  using setting = new Setting();
  for (let at = 0; at < 100; at += 1) setting.tree.write(`read/${at}`, `message word${at}`);
  const stop = new AbortController();
  const own = await LibraryFolder.open(setting.tree.at("own"), setting.subject);
  const durable = { own, stop: stop.signal, warn: () => {} };
  const first = new Library(setting.subject.folder, { durable });
  const interrupted = new DurableRun(first, own, setting.subject, stop.signal);
  await interrupted.recover();
  const oneTooMany = new Promise<void>((resolve) => {
    first.bus.listen("library/audit", () => {
      if (first.audit.foundCount > 64) resolve();
    });
  });
  const finishing = interrupted.finish();
  // The walk goes as far as the queue has room.
  first.bus.getDestination("library/documents")?.pause();
  await oneTooMany;
  stop.abort();
  await finishing;
  await first.bus.close();
  const left = first.bus.getDestination("library/documents")?.statistics.pendingMessageCount;
  expect(left).toBe(64);

  const { library: second, remains } = await setting.run();
  expect(remains.messageCount).toBe(64 + 1);
  const { audit, bus, index } = second;
  expect([audit.isBalanced, audit.foundCount, index.documentCount]).toEqual([true, 100, 100]);
  const counts = bus.getDestination("library/documents")?.statistics;
  expect(counts?.duplicateMessageCount).toBe(64);
  expect(counts?.deliveredMessageCount).toBe(100);
});
