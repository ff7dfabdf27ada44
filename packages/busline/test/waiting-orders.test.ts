import { describe, expect, test } from "vitest";
import type { Message, MessageQueue } from "busline";
import { NO_EXTRAS } from "../src/message/message-extras.ts";
import { HoldingQueue } from "../src/queue/holding-queue.ts";
import { KeyedQueue } from "../src/queue/keyed-queue.ts";
import { LinkedSet } from "../src/queue/linked-set.ts";
import { PriorityQueue } from "../src/queue/priority-queue.ts";
import { AnswerExtras } from "../src/reply/answer-extras.ts";
import { PendingReply } from "../src/reply/pending-reply.ts";

/** Stands for a message: a queue looks at a few of its fields, and keeps it. */
function messageOf(fields: Partial<Message>): Message {
  return fields as Message;
}

describe.each<[string, () => MessageQueue]>([
  ["keyed", () => new KeyedQueue()],
  ["priorities", () => new PriorityQueue(3)],
  ["holding", () => new HoldingQueue()],
])("the queue of %s", (_, create) => {
  const messages = [0, 1, 2].map((sentAt) =>
    messageOf({ sentAt, key: `${sentAt % 2}`, priority: sentAt }),
  );

  test("size - counts what waits, and what was removed no more", () => {
    const queue = create();
    expect(queue.size).toBe(0);
    expect(queue.oldest()).toBeUndefined();
    expect(queue.take()).toBeUndefined();
    for (const message of messages) queue.add(message);
    expect(queue.size).toBe(3);
    expect(queue.oldest()).toBe(messages[0]);
    queue.remove(messages[0] as Message);
    expect(queue.size).toBe(2);
    expect(queue.oldest()).toBe(messages[1]);
    expect(queue.removeAll()).toEqual([messages[1], messages[2]]);
    expect(queue.size).toBe(0);
    expect(queue.removeAll()).toEqual([]);
  });
});

test("removeAll, oldest - of priorities are in the order of coming, also within one millisecond", () => {
  const queue = new PriorityQueue(3);
  const messages = [2, 0, 1, 0].map((priority) => messageOf({ sentAt: 0, priority }));
  for (const message of messages) queue.add(message);
  expect(queue.oldest()).toBe(messages[0]);
  expect(queue.take()).toBe(messages[0]);
  expect(queue.oldest()).toBe(messages[1]);
  expect(queue.removeAll()).toEqual(messages.slice(1));
  expect(queue.take()).toBeUndefined();
  queue.add(messages[2] as Message);
  expect(queue.take()).toBe(messages[2]);
});

test("keyed - a key whose messages have all been removed loses its turn, and has one again with the next", () => {
  const queue = new KeyedQueue();
  const [a, b, again] = ["a", "b", "a"].map((key) => messageOf({ key })) as [
    Message,
    Message,
    Message,
  ];
  for (const message of [a, b]) queue.add(message);
  queue.remove(a);
  queue.add(again);
  expect([queue.take(), queue.take(), queue.take()]).toEqual([b, again, undefined]);
  queue.ended(b);
  queue.ended(again);
  expect(queue.size).toBe(0);
});

test("linked set - a member that is there keeps its place, and one that left comes last", () => {
  const set = new LinkedSet<string>();
  for (const member of ["a", "b", "c", "a"]) set.add(member);
  expect([...set]).toEqual(["a", "b", "c"]);
  expect([set.remove("b"), set.remove("b")]).toEqual([true, false]);
  set.add("b");
  expect([...set]).toEqual(["a", "c", "b"]);
  expect([set.size, set.first, set.has("c"), set.has("d")]).toEqual([3, "a", true, false]);
  expect(set.removeAll()).toEqual(["a", "c", "b"]);
  expect([set.size, set.first]).toEqual([0, undefined]);
});

test("extras - every kind has every field: a missing one would be looked up on a prototype", () => {
  const terms = {
    destinationName: "acme/a",
    responseDestinationName: "acme/b",
    extras: NO_EXTRAS,
    timeoutMs: 0,
    signal: undefined,
    replySchema: undefined,
  };
  const request = new PendingReply(terms, { makeId: () => "id" } as never);
  const names = Object.keys(NO_EXTRAS) as (keyof typeof NO_EXTRAS)[];
  for (const extras of [request, new AnswerExtras(request)]) {
    expect(names.filter((name) => !(name in extras))).toEqual([]);
  }
  const { failed, priority, timing } = request;
  expect({ failed, priority, timing }).toEqual({
    failed: undefined,
    priority: undefined,
    timing: undefined,
  });
});
