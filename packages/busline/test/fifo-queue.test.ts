import { isDeepStrictEqual } from "node:util";
import { assert, array, commands, constant, modelRun, nat, property } from "fast-check";
import type { Command } from "fast-check";
import { describe, expect, test } from "vitest";
import { FifoQueue, type Message } from "busline";

/** Slots that one chunk of the queue has. */
const CHUNK = 1_024;
const NUM_RUNS = process.env["BUSLINE_LONG"] === undefined ? 60 : 2_000;

let lastNumber = 0;

/** Stands for a message: a queue looks at nothing in it, it only keeps it. */
type Numbered = Message & { readonly number: number };

function numbered(): Numbered {
  lastNumber += 1;
  return { number: lastNumber } as unknown as Numbered;
}

function numberOf(message: Message | undefined): number | undefined {
  return (message as Numbered | undefined)?.number;
}

function filled(count: number): { queue: FifoQueue; messages: Numbered[] } {
  const queue = new FifoQueue();
  const messages = Array.from({ length: count }, numbered);
  for (const each of messages) queue.add(each);
  return { queue, messages };
}

function takeAll(queue: FifoQueue): Message[] {
  const taken: Message[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next);
  return taken;
}

describe("order", () => {
  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])(
    "queue - gives out %i messages in the order of their coming",
    (count) => {
      const { queue, messages } = filled(count);
      expect(queue.size).toBe(count);
      expect(queue.oldest()).toBe(messages[0]);
      expect(takeAll(queue)).toEqual(messages);
      expect(queue.size).toBe(0);
      expect(queue.take()).toBeUndefined();
      expect(queue.oldest()).toBeUndefined();
    },
  );

  test("queue - adding and taking in turn crosses many chunk borders", () => {
    const { queue, messages } = filled(CHUNK - 3);
    const expected = [...messages];
    for (let round = 0; round < 5 * CHUNK; round += 1) {
      const added = numbered();
      expected.push(added);
      queue.add(added);
      expect(queue.take()).toBe(expected.shift());
      expect(queue.oldest()).toBe(expected[0]);
    }
    expect(takeAll(queue)).toEqual(expected);
  });

  test("queue - an empty one is used again from its start", () => {
    const queue = new FifoQueue();
    for (let round = 0; round < 3 * CHUNK; round += 1) {
      const only = numbered();
      queue.add(only);
      expect(queue.take()).toBe(only);
      expect(queue.take()).toBeUndefined();
    }
  });
});

describe("remove", () => {
  test.each([
    ["the oldest", 0],
    ["one in the middle", CHUNK + 10],
    ["the last of a chunk", CHUNK - 1],
    ["the first of a chunk", CHUNK],
    ["the newest", 2 * CHUNK - 1],
  ])("queue - takes out %s and keeps the order of the rest", (_, at) => {
    const { queue, messages } = filled(2 * CHUNK);
    for (const removed of messages.splice(at, 1)) queue.remove(removed);
    expect(queue.size).toBe(messages.length);
    expect(queue.oldest()).toBe(messages[0]);
    expect(takeAll(queue)).toEqual(messages);
  });

  test("queue - one that is removed twice is gone once", () => {
    const { queue, messages } = filled(3);
    for (const removed of messages.splice(1, 1)) {
      queue.remove(removed);
      queue.remove(removed);
    }
    expect(queue.size).toBe(2);
    expect(takeAll(queue)).toEqual(messages);
  });

  test("queue - a message that was removed may come again, at the end", () => {
    const { queue, messages } = filled(2);
    const [first, second] = messages as [Numbered, Numbered];
    queue.remove(first);
    queue.add(first);
    expect(queue.size).toBe(2);
    expect(takeAll(queue)).toEqual([second, first]);
  });

  test("queue - removing most of a long queue, from either end, keeps the rest", () => {
    for (const fromEnd of [false, true]) {
      const { queue, messages } = filled(6 * CHUNK);
      const kept = messages.filter((_, at) => at % 7 === 0);
      const gone = messages.filter((_, at) => at % 7 !== 0);
      if (fromEnd) gone.reverse();
      for (const each of gone) queue.remove(each);
      expect(queue.size).toBe(kept.length);
      const added = numbered();
      queue.add(added);
      expect(takeAll(queue)).toEqual([...kept, added]);
    }
  });

  test("queue - removing all leaves an empty queue that works", () => {
    const { queue, messages } = filled(2 * CHUNK + 5);
    for (const each of messages) queue.remove(each);
    expect(queue.size).toBe(0);
    expect(queue.oldest()).toBeUndefined();
    expect(queue.take()).toBeUndefined();
    const added = numbered();
    queue.add(added);
    expect(takeAll(queue)).toEqual([added]);
  });
});

test("queue - removeAll gives all in their order, without the removed", () => {
  const { queue, messages } = filled(CHUNK + 20);
  queue.take();
  messages.shift();
  for (const removed of messages.splice(5, 1)) queue.remove(removed);
  expect(queue.removeAll()).toEqual(messages);
  expect(queue.size).toBe(0);
  expect(queue.removeAll()).toEqual([]);
  const added = numbered();
  queue.add(added);
  expect(queue.take()).toBe(added);
});

function same(what: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) throw new Error(`${what} is not as in the array`);
}

/** One operation on the queue and on the array that it has to be like. */
class Operation implements Command<Numbered[], FifoQueue> {
  readonly name: string;
  readonly operate: (model: Numbered[], queue: FifoQueue) => void;

  constructor(name: string, operate: (model: Numbered[], queue: FifoQueue) => void) {
    this.name = name;
    this.operate = operate;
  }

  check(): boolean {
    return true;
  }

  run(model: Numbered[], queue: FifoQueue): void {
    this.operate(model, queue);
    same("size", queue.size, model.length);
    same("oldest", numberOf(queue.oldest()), model[0]?.number);
  }

  toString(): string {
    return this.name;
  }
}

// In bulk too: a chunk must fill, and enough must be removed for the queue to close its gaps.
const operations = [
  nat(2 * CHUNK).map(
    (count) =>
      new Operation(`add ${count}`, (model, queue) => {
        for (const each of Array.from({ length: count }, numbered)) {
          model.push(each);
          queue.add(each);
        }
      }),
  ),
  nat(2 * CHUNK).map(
    (count) =>
      new Operation(`take ${count}`, (model, queue) => {
        const taken = Array.from({ length: count }, () => queue.take()).filter(Boolean);
        same(
          "take",
          taken.map(numberOf),
          model.splice(0, count).map(({ number }) => number),
        );
      }),
  ),
  array(nat(), { minLength: 1, maxLength: 20 }).map(
    (places) =>
      new Operation(`remove at ${places.join(", ")}`, (model, queue) => {
        for (const place of places) {
          const [removed] = model.splice(place % Math.max(1, model.length), 1);
          if (removed !== undefined) queue.remove(removed);
        }
      }),
  ),
  nat(3).map(
    (keep) =>
      new Operation(`remove all but each ${keep + 2}th`, (model, queue) => {
        for (const each of model.splice(0)) {
          if (each.number % (keep + 2) === 0) model.push(each);
          else queue.remove(each);
        }
      }),
  ),
  constant(
    new Operation("removeAll", (model, queue) => {
      same("removeAll", queue.removeAll(), model.splice(0));
    }),
  ),
];

test("queue - is like an array, whatever is done to it", { timeout: 120_000 }, () => {
  assert(
    property(commands(operations, { maxCommands: 40 }), (script) => {
      modelRun(() => ({ model: [] as Numbered[], real: new FifoQueue() }), script);
    }),
    { numRuns: NUM_RUNS },
  );
});
