import { MessageChannel, type MessagePort } from "node:worker_threads";
import { ManualClock } from "busline/testing";
import * as fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { CALL } from "../src/crossing.ts";
import { EndRing } from "../src/end-ring.ts";
import { ReportInbox } from "../src/report-inbox.ts";

const ports: MessagePort[] = [];
const LOOK_MS = 5;

afterEach(() => {
  vi.useRealTimers();
  for (const port of ports.splice(0)) port.close();
});

/** The thread's side of an inbox, in the same thread. */
class Teller {
  readonly read: number[] = [];
  isExpected = false;
  readonly clock = new ManualClock();
  readonly port: MessagePort;
  readonly ends: EndRing;
  readonly inbox: ReportInbox;
  readonly #inboxPort: MessagePort;
  #reportCount = 0;
  #told = 0;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    this.port = port2;
    this.#inboxPort = port1;
    this.inbox = new ReportInbox(
      port1,
      this.clock,
      (report) => void this.read.push("task" in report ? report.task : Number.NaN),
      () => this.isExpected,
    );
    this.ends = new EndRing(this.inbox.ends.buffer);
  }

  tellInMemory(): void {
    if (this.ends.add(this.#told, undefined, 0, this.#reportCount)) this.#told += 1;
  }

  tellOverPort(): void {
    this.port.postMessage({ kind: "replied", task: this.#told, value: "a text" }, []);
    this.#reportCount += 1;
    this.#told += 1;
  }

  /** All that has been told, in order. */
  get told(): number[] {
    return Array.from({ length: this.#told }, (_, at) => at);
  }

  /** Resolves when the inbox has been called. */
  async call(): Promise<void> {
    if (!this.ends.mustCall()) return;
    const called = new Promise((resolve) => {
      this.#inboxPort.once("message", resolve);
    });
    this.port.postMessage(CALL, []);
    await called;
  }
}

describe("report inbox", () => {
  test("inbox - reads in the order of telling, however it was told and whenever it is read", () => {
    const step = fc.constantFrom("memory", "port", "read");
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const teller = new Teller();
        for (const one of steps) {
          if (one === "memory") teller.tellInMemory();
          else if (one === "port") teller.tellOverPort();
          else teller.inbox.catchUp();
        }
        teller.inbox.catchUp();
        expect(teller.read).toEqual(teller.told);
      }),
    );
  });

  test("inbox - reads all that is there when it is called once", async () => {
    const teller = new Teller();
    for (let at = 0; at < 3; at += 1) teller.tellInMemory();
    await teller.call();
    expect(teller.read).toEqual([0, 1, 2]);
    teller.tellInMemory();
    await teller.call();
    expect(teller.read).toEqual([0, 1, 2, 3]);
  });

  test("inbox - a call that was read in passing is answered, so that there can be another", async () => {
    const teller = new Teller();
    teller.tellInMemory();
    expect(teller.ends.mustCall()).toBe(true);
    teller.port.postMessage(CALL, []);
    teller.inbox.catchUp();
    expect(teller.read).toEqual([0]);
    teller.tellInMemory();
    await teller.call();
    expect(teller.read).toEqual([0, 1]);
  });

  test("inbox - reads many in lumps, with turns for others between, and leaves none", async () => {
    const teller = new Teller();
    for (let at = 0; at < 200; at += 1) teller.tellInMemory();
    await teller.call();
    expect(teller.read).toHaveLength(128);
    await new Promise((resolve) => {
      teller.clock.atNextTurn(() => resolve(undefined));
    });
    expect(teller.read).toEqual(teller.told);
  });

  test("inbox - looks by itself while something is expected", () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const teller = new Teller();
    teller.isExpected = true;
    teller.inbox.watch();
    teller.tellInMemory();
    vi.advanceTimersByTime(LOOK_MS);
    expect(teller.read).toEqual([0]);
    teller.tellInMemory();
    teller.isExpected = false;
    vi.advanceTimersByTime(LOOK_MS);
    expect(teller.read).toEqual([0, 1]);
    teller.tellInMemory();
    vi.advanceTimersByTime(LOOK_MS);
    expect(teller.read).toEqual([0, 1]);
    teller.inbox.catchUp();
    expect(teller.read).toEqual(teller.told);
  });
});
