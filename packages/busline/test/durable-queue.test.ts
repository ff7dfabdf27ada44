import { describe, expect, test } from "vitest";
import type { Message } from "busline";
import { ManualClock } from "busline/testing";
import { Deadlines } from "../src/clock/deadlines.ts";
import { Roster } from "../src/listener/roster.ts";
import { DurableRecord } from "../src/message/durable-record.ts";
import { Message as MessageClass } from "../src/message/message.ts";
import { NO_EXTRAS } from "../src/message/message-extras.ts";
import { MessageIds } from "../src/message/message-ids.ts";
import { recordOf } from "../src/message/record-of.ts";
import { SendMoment } from "../src/message/send-moment.ts";
import { DurableQueue, type DurableQueueKeeper } from "../src/queue/durable-queue.ts";
import { FifoQueue } from "../src/queue/fifo-queue.ts";
import { KeyedQueue } from "../src/queue/keyed-queue.ts";
import type { MessageQueue } from "../src/queue/message-queue.ts";
import { SuspectTrials } from "../src/queue/suspect-trials.ts";

const MOMENT = new SendMoment(
  "acme/a",
  0,
  new Roster([]),
  {} as never,
  undefined,
  new MessageIds(),
);

const DEADLINES = new Deadlines(new ManualClock(), () => {});

function messageOf(payload: string, key?: string): Message {
  const record = new DurableRecord(undefined);
  return new MessageClass(payload, MOMENT, { ...NO_EXTRAS, key, record });
}

class Keeper implements DurableQueueKeeper {
  wantedCount = 1;
  goOn(): void {}
  excuse(): void {}
  oldestComing: Message | undefined;
  /** Levels of which something has still to be read. */
  unread = new Set<number>();
  starvedCount = 0;
  readonly marks: Message[][] = [];

  hasToRead(waitsAt: (level: number) => boolean): boolean {
    const highest = [2, 1, 0].find((level) => this.unread.has(level) || waitsAt(level));
    return highest !== undefined && !waitsAt(highest);
  }

  mark(messages: readonly Message[]): void {
    this.marks.push([...messages]);
  }

  isStarved(): void {
    this.starvedCount += 1;
  }
}

interface Rig {
  readonly keeper: Keeper;
  readonly queue: DurableQueue;
  /** Those that were marked last have been written down. */
  written(): void;
  /** All that it gives out, each written down before. */
  takeAll(): unknown[];
}

function rigOf(inner: MessageQueue = new FifoQueue(), ...messages: readonly Message[]): Rig {
  const keeper = new Keeper();
  const queue = new DurableQueue(inner, keeper, new SuspectTrials(DEADLINES));
  for (const message of messages) queue.add(message);
  const written = (): void => queue.marked(keeper.marks.pop() ?? []);
  const takeAll = (): unknown[] => {
    const taken: unknown[] = [];
    for (let message = queue.take(); ; message = queue.take()) {
      if (message === undefined && keeper.marks.length === 0) return taken;
      if (message !== undefined) {
        taken.push(message.payload);
        queue.ended(message);
      }
      written();
    }
  };
  return { keeper, queue, written, takeAll };
}

describe("durable queue", () => {
  test("durable queue - gives out only what has been written down", () => {
    const [a, b] = [messageOf("a"), messageOf("b")];
    const { keeper, queue, written } = rigOf(new FifoQueue(), a, b);
    expect(queue.size).toBe(2);
    expect(queue.take()).toBeUndefined();
    expect(queue.take()).toBeUndefined();
    expect(keeper.marks).toEqual([[a]]);
    expect(queue.size).toBe(2);
    written();
    expect(queue.take()).toBe(a);
    expect(queue.size).toBe(1);
    // The worker that takes it is busy then.
    expect(keeper.marks).toEqual([]);
    keeper.wantedCount = 2;
    expect(queue.take()).toBeUndefined();
    expect(keeper.marks).toEqual([[b]]);
  });

  test("durable queue - has as many written down at once as workers are free", () => {
    const messages = ["a", "b", "c", "d", "e"].map((payload) => messageOf(payload));
    const { keeper, queue, written } = rigOf(new FifoQueue(), ...messages);
    keeper.wantedCount = 3;
    expect(queue.take()).toBeUndefined();
    expect(keeper.marks.map((marked) => marked.map(({ payload }) => payload))).toEqual([
      ["a", "b", "c"],
    ]);
    written();
    expect(queue.take()?.payload).toBe("a");
    keeper.wantedCount = 2;
    expect(queue.take()?.payload).toBe("b");
    expect(keeper.starvedCount).toBe(0);
  });

  test("durable queue - says that it starves where workers are free and nothing may start", () => {
    const { keeper, queue } = rigOf();
    expect(queue.take()).toBeUndefined();
    expect(keeper.starvedCount).toBe(1);
    keeper.wantedCount = 0;
    expect(queue.take()).toBeUndefined();
    expect(keeper.starvedCount).toBe(1);
  });

  test("durable queue - the oldest is one that goes out next, wherever it is", () => {
    const messages = ["a", "b", "c"].map((payload) => messageOf(payload));
    const [a, b, c] = messages as [Message, Message, Message];
    const { keeper, queue, written } = rigOf(new FifoQueue(), a, b);
    keeper.oldestComing = c;
    expect(queue.oldest()).toBe(a);
    queue.take();
    expect(queue.oldest()).toBe(a);
    written();
    expect(queue.oldest()).toBe(a);
    queue.take();
    expect(queue.oldest()).toBe(b);
    queue.remove(b);
    expect(queue.oldest()).toBe(c);
  });

  test.each(["waits", "is being written down", "has been written down"])(
    "durable queue - removes one that %s, once",
    (how) => {
      const [a, b] = [messageOf("a"), messageOf("b")];
      const { queue, takeAll, written } = rigOf(new FifoQueue(), a, b);
      if (how !== "waits") queue.take();
      if (how === "has been written down") written();
      queue.remove(a);
      queue.remove(a);
      expect(queue.size).toBe(1);
      written();
      expect(takeAll()).toEqual(["b"]);
    },
  );

  test("durable queue - one that was given out is not its own any more", () => {
    const a = messageOf("a");
    const { queue, written } = rigOf(new FifoQueue(), a);
    queue.take();
    written();
    expect(queue.take()).toBe(a);
    queue.remove(a);
    expect(queue.size).toBe(0);
    expect(recordOf(a).isQueued).toBe(false);
  });

  test("durable queue - a key is free again when what had it has been removed", () => {
    const [first, second, third] = [messageOf("1", "k"), messageOf("2", "k"), messageOf("3", "k")];
    const { queue, takeAll } = rigOf(new KeyedQueue(), first, second);
    queue.take();
    queue.remove(first);
    queue.add(third);
    expect(takeAll()).toEqual(["2", "3"]);
  });

  test("durable queue - a key is free again when all have been removed", () => {
    const [first, second, third] = [messageOf("1", "k"), messageOf("2", "k"), messageOf("3", "k")];
    const { queue, takeAll } = rigOf(new KeyedQueue(), first, second);
    queue.take();
    expect(queue.removeAll()).toEqual([first, second]);
    queue.add(third);
    expect(takeAll()).toEqual(["3"]);
  });

  test("durable queue - removes all: those written down first, then in order", () => {
    const messages = ["a", "b", "c", "d"].map((payload) => messageOf(payload));
    const { keeper, queue, written } = rigOf(new FifoQueue(), ...messages);
    queue.take();
    written();
    keeper.wantedCount = 2;
    queue.add(messageOf("e"));
    expect(queue.take()?.payload).toBe("a");
    keeper.wantedCount = 3;
    queue.take();
    expect(queue.removeAll().map(({ payload }) => payload)).toEqual(["b", "c", "d", "e"]);
    expect(queue.size).toBe(0);
    // What was being written down is given out no more.
    written();
    expect(queue.take()).toBeUndefined();
  });

  test("durable queue - takes back what nothing has been written down of", () => {
    const [a, b] = [messageOf("a"), messageOf("b")];
    const { queue, takeAll, written } = rigOf(new FifoQueue(), a, b);
    queue.take();
    expect(queue.takeBack()).toEqual([b]);
    written();
    expect(takeAll()).toEqual(["a"]);
  });

  test("durable queue - what waits goes on waiting in another queue", () => {
    const { queue, takeAll } = rigOf(new FifoQueue(), messageOf("a"), messageOf("b", "k"));
    queue.changeInner(new KeyedQueue());
    expect(takeAll()).toEqual(["a", "b"]);
  });

  test("durable queue - shut, it gives out nothing", () => {
    const { keeper, queue, written } = rigOf(new FifoQueue(), messageOf("a"));
    queue.take();
    written();
    queue.shut();
    expect(queue.take()).toBeUndefined();
    expect(queue.size).toBe(1);
    expect(keeper.starvedCount).toBe(0);
  });

  test("durable queue - one of a lower level waits for those of a higher one that have to be read", () => {
    const low = messageOf("low");
    const { keeper, queue, written } = rigOf(new FifoQueue(), low);
    keeper.unread.add(1);
    expect(queue.take()).toBeUndefined();
    expect(keeper.marks).toEqual([]);
    expect(keeper.starvedCount).toBe(1);
    keeper.unread.clear();
    queue.take();
    written();
    expect(queue.take()).toBe(low);
  });

  /** One during which a process has ended. */
  function suspectOf(payload: string, key?: string): Message {
    const message = messageOf(payload, key);
    recordOf(message).isSuspect = true;
    return message;
  }

  test("durable queue - one during which a process has ended is tried alone", () => {
    const [a, killer, b] = [messageOf("a"), suspectOf("killer"), messageOf("b")];
    const { keeper, queue, written } = rigOf(new FifoQueue(), a, killer, b);
    keeper.wantedCount = 3;
    queue.take();
    expect(keeper.marks).toEqual([[a]]);
    written();
    expect(queue.take()).toBe(a);
    expect(queue.take()).toBeUndefined();
    expect(queue.size).toBe(2);
    expect(queue.oldest()).toBe(killer);
    expect(keeper.marks).toEqual([]);
    queue.ended(a);
    expect(keeper.marks).toEqual([[killer]]);
    written();
    expect(queue.take()).toBe(killer);
    expect(queue.take()).toBeUndefined();
    expect(keeper.marks).toEqual([]);
    // It has been survived: the others go on beside each other.
    queue.survived(killer);
    expect(recordOf(killer).isSuspect).toBe(false);
    queue.take();
    expect(keeper.marks).toEqual([[b]]);
  });

  test.each(["remove", "takeBack", "removeAll", "ended"])(
    "durable queue - one that is tried alone does not hold up others when it is gone: %s",
    (how) => {
      const [killer, b] = [suspectOf("killer", "k"), messageOf("b", "k")];
      const { queue, takeAll, written } = rigOf(new KeyedQueue(), messageOf("a"), killer);
      queue.take();
      written();
      const a = queue.take() as Message;
      if (how === "ended") queue.ended(a);
      queue.take();
      written();
      const gone =
        how === "remove"
          ? queue.remove(killer)
          : how === "takeBack"
            ? queue.takeBack()
            : how === "removeAll"
              ? queue.removeAll()
              : queue.take();
      expect([undefined, killer, [killer]]).toContainEqual(gone);
      queue.ended(killer);
      queue.ended(a);
      queue.add(b);
      expect(takeAll()).toEqual(["b"]);
    },
  );
});
