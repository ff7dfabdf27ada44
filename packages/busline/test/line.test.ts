import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { array, assert, commands, constant, modelRun, nat, oneof, property } from "fast-check";
import type { Command } from "fast-check";
import { expect, test } from "vitest";
import { Roster } from "../src/listener/roster.ts";
import { Message } from "../src/message/message.ts";
import { NO_EXTRAS } from "../src/message/message-extras.ts";
import { MessageIds } from "../src/message/message-ids.ts";
import { SendMoment } from "../src/message/send-moment.ts";
import { type Chunk, Line } from "../src/worker/line.ts";
import { keepSpare, spareChunk } from "../src/worker/spare-chunks.ts";

/** Slots that one chunk of the line has. */
const CHUNK = 1_024;
const NUM_RUNS = process.env["BUSLINE_LONG"] === undefined ? 60 : 2_000;

const MOMENTS = [0, 1, 2].map(
  (sentAt) =>
    new SendMoment("acme/a", sentAt, new Roster([]), {} as never, undefined, new MessageIds()),
);

function momentOf(number: number): SendMoment {
  return MOMENTS[number % MOMENTS.length] as SendMoment;
}

function messageOf(payload: number): Message {
  const message = new Message(payload, momentOf(payload), NO_EXTRAS);
  Message.setProgress(message, "waiting");
  return message;
}

/** What waits: a payload, and the message, where it has been made before. */
interface Waiting {
  readonly payload: number;
  readonly message: Message | undefined;
}

interface Real {
  readonly line: Line;
}
type Model = Waiting[];
type LineCommand = Command<Model, Real>;

let lastPayload = 0;

function expectSame(taken: Message | undefined, expected: Waiting | undefined): void {
  expect(taken?.payload).toBe(expected?.payload);
  if (expected?.message !== undefined) expect(taken).toBe(expected.message);
}

function command(name: string, run: (model: Model, line: Line) => void): LineCommand {
  return {
    check: () => true,
    run: (model, { line }) => {
      run(model, line);
      expect(line.size).toBe(model.length);
      expect(line.oldest()?.payload).toBe(model[0]?.payload);
      expect(line.momentAt(model.length)).toBeUndefined();
    },
    toString: () => name,
  };
}

const addPayloads = (count: number, moment: number): LineCommand =>
  command(`add ${count} payloads in moment ${moment}`, (model, line) => {
    for (let left = count; left > 0; left -= 1) {
      lastPayload += 1;
      line.addPayload(lastPayload, momentOf(moment));
      model.push({ payload: lastPayload, message: undefined });
    }
  });

const addMessage = command("add a message", (model, line) => {
  lastPayload += 1;
  const message = messageOf(lastPayload);
  line.add(message);
  model.push({ payload: lastPayload, message });
});

const take = (count: number): LineCommand =>
  command(`take ${count}`, (model, line) => {
    for (let left = count; left > 0; left -= 1) expectSame(line.take(), model.shift());
  });

const remove = (at: number): LineCommand =>
  command(`remove the message at ${at}`, (model, line) => {
    const messages = model.filter(({ message }) => message !== undefined);
    const removed = messages[at % Math.max(1, messages.length)];
    if (removed?.message === undefined) return;
    const position = model.indexOf(removed);
    expect(line.positionOf(removed.message, model.length)).toBe(position);
    expect(line.positionOf(removed.message, position)).toBe(-1);
    line.remove(removed.message);
    model.splice(position, 1);
  });

const removeAt = (position: number): LineCommand =>
  command(`remove at ${position}`, (model, line) => {
    expectSame(line.removeAt(position), model.splice(position, 1)[0]);
  });

const addAt = (position: number): LineCommand =>
  command(`add behind ${position}`, (model, line) => {
    lastPayload += 1;
    const message = messageOf(lastPayload);
    line.addAt(position, message);
    for (let at = 0; at < Math.min(position, model.length); at += 1) {
      const { payload } = model[at] as Waiting;
      model[at] = { payload, message: line.at(at) };
    }
    model.splice(position, 0, { payload: lastPayload, message });
  });

const removeFrom = (position: number): LineCommand =>
  command(`remove from ${position}`, (model, line) => {
    const removed = position === 0 ? line.removeAll() : line.removeFrom(position);
    const expected = model.splice(position);
    expect(removed.map(({ payload }) => payload)).toEqual(expected.map(({ payload }) => payload));
  });

const lookAt = (position: number): LineCommand =>
  command(`look at ${position}`, (model, line) => {
    const moment = line.momentAt(position);
    const message = line.at(position);
    expectSame(message, model[position]);
    if (message === undefined) return;
    expect(Message.momentOf(message)).toBe(moment);
    // Made, it stays made.
    expect(line.at(position)).toBe(message);
  });

test("line - gives out what came, in order, whatever is taken out of the middle", () => {
  const some = nat({ max: 6 });
  const all = commands<Model, Real>(
    [
      some.chain((count) => nat({ max: 2 }).map((moment) => addPayloads(count, moment))),
      constant(addPayloads(CHUNK + 3, 1)),
      constant(addMessage),
      oneof(some, constant(CHUNK)).map(take),
      nat({ max: 50 }).map(remove),
      some.map(removeAt),
      some.map(addAt),
      some.map(removeFrom),
      oneof(some, nat({ max: 2 * CHUNK })).map(lookAt),
    ],
    { maxCommands: 60 },
  );
  assert(
    property(all, (each) => modelRun(() => ({ model: [], real: { line: new Line() } }), each)),
    { numRuns: NUM_RUNS },
  );
});

test("line - gives out what is left, where what stands behind the first few is taken out until little waits", () => {
  const few = nat({ max: 2 });
  const all = commands<Model, Real>(
    [
      few.map((moment) => addPayloads(1, moment)),
      constant(addMessage),
      few.map(removeAt),
      few.map(addAt),
    ],
    { maxCommands: 60, size: "max" },
  );
  assert(
    property(all, (each) => modelRun(() => ({ model: [], real: { line: new Line() } }), each)),
    { numRuns: NUM_RUNS },
  );
});

test("line - what has been removed does not pile up while nothing is taken", () => {
  assert(
    property(array(nat({ max: 3 }), { minLength: 1, maxLength: 8 }), (kept) => {
      const line = new Line();
      const payloads: number[] = [];
      for (const every of kept) {
        for (let number = 1; number <= CHUNK; number += 1) {
          const message = messageOf(number);
          line.add(message);
          if (number % (every + 2) === 0) payloads.push(number);
          else line.remove(message);
        }
      }
      expect(line.removeAll().map(({ payload }) => payload)).toEqual(payloads);
      expect(line.size).toBe(0);
    }),
    { numRuns: 10 },
  );
});

/** As many as need hundreds of chunks, of which each takes 8 kB. */
const MANY = 512 * CHUNK;
const collectGarbage = exposedCollector();

test("line - whatever many have waited in before, each gives out its own, in order", () => {
  const lines = [new Line(), new Line()];
  for (let round = 1; round <= 3; round += 1) {
    for (const [at, line] of lines.entries()) {
      for (let number = 1; number <= MANY; number += 1) line.addPayload(number, momentOf(at));
    }
    const wrong: unknown[] = [];
    for (let number = 1; number <= MANY; number += 1) {
      for (const [at, line] of lines.entries()) {
        const { payload, sentAt } = line.take() as Message;
        if (payload !== number || sentAt !== at) wrong.push([number, at, payload, sentAt]);
      }
    }
    expect(wrong).toEqual([]);
    expect(lines.map(({ size }) => size)).toEqual([0, 0]);
  }
});

test("line - what is spare is used again, empty and without a moment", () => {
  const line = new Line();
  for (let number = 1; number <= 2 * CHUNK; number += 1) line.addPayload(number, momentOf(1));
  for (let number = 1; number <= CHUNK; number += 1) line.take();
  const chunk = spareChunk();
  expect(chunk).toMatchObject({ start: 0, end: 0, next: undefined, moment: undefined });
  expect(new Set(chunk?.slots)).toEqual(new Set([undefined]));
  keepSpare(chunk as Chunk);
  expect(spareChunk()).toBe(chunk);
});

test("line - what many have waited in is gone when the collector has come", async () => {
  const line = new Line();
  await nextTurn();
  const before = heapAfterCollection();
  for (let number = 1; number <= MANY; number += 1) line.addPayload(number, momentOf(1));
  const whileWaiting = heapAfterCollection();
  while (line.size > 0) line.take();
  // In the run in which they were last looked for they are held.
  await nextTurn();
  const after = heapAfterCollection();
  expect(whileWaiting - before).toBeGreaterThan(7 * MANY);
  expect(after - before).toBeLessThan(MANY);
});

function heapAfterCollection(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function exposedCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
