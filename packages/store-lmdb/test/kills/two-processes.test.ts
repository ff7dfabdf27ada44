import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChildEvent } from "./child-event.ts";
import type { ChildOrder } from "./child-order.ts";
import { ChildProcess } from "./child-process.ts";
import { ChildPrograms } from "./child-programs.ts";
import { Duplicates } from "./duplicates.ts";
import { acceptedIn, faultsOfDelivery } from "./equations.ts";
import { Ledger, type Life } from "./ledger.ts";
import { faultsOfOrder } from "./order-check.ts";

const SEED = 1;
/** A child with an odd number sends when its store is open, one with an even number does not wait for that. */
const SENDS_LATER = 1;
const SENDS_AT_ONCE = 2;
const ENOUGH = 100;
const MOST_REFUSAL_MS = 200;
const folder = mkdtempSync(path.join(tmpdir(), "busline-two-"));
let programs: ChildPrograms;

beforeAll(async () => {
  programs = await ChildPrograms.make("bus-child");
});

afterAll(() => {
  programs.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a child; what it tells goes into the books of a life. */
function start(
  does: ChildOrder["does"],
  childSeed: number,
  ledger: Ledger,
  life: Life,
): ChildProcess<ChildEvent> {
  const order: ChildOrder = {
    folder,
    seed: SEED,
    childSeed,
    does,
    mostWaiting: 200,
    maximumMessagesInMemory: 100,
    hasShortLogs: false,
    next: ledger.next,
    again: ledger.unknown,
  };
  return new ChildProcess(programs.command("bus-child"), order, (event) => {
    ledger.take(event, life);
  });
}

describe.skipIf(process.platform === "win32")("two processes", { timeout: 120_000 }, () => {
  test("two processes - the second is refused at once, and harms nothing; when the first is killed, the next takes over", async () => {
    const ledger = new Ledger(SEED);
    const isAccepted = (event: ChildEvent): event is ChildEvent => event.is === "accepted";
    const firstLife = ledger.begin();
    const first = start("load", SENDS_LATER, ledger, firstLife);
    await first.told(isAccepted, ENOUGH);

    const others = new Ledger(SEED);
    const refusals: number[] = [];
    for (const childSeed of [SENDS_LATER, SENDS_LATER, SENDS_LATER, SENDS_AT_ONCE]) {
      const second = start("load", childSeed, others, others.begin());
      const refusal = await second.told((event) => event.is === "refused");
      expect(refusal).toMatchObject({
        code: "BUSLINE_STORE_LOCKED",
        text: expect.stringMatching(new RegExp(`is open in process ${first.pid}$`, "u")),
      });
      expect(await second.ended).toMatchObject({ code: 0, said: "" });
      refusals.push(refusal.ms);
    }
    // The fastest one: what else the machine does may delay any.
    expect(Math.min(...refusals)).toBeLessThan(MOST_REFUSAL_MS);
    expect(acceptedIn(others)).toBe(0);
    expect(others.rejections.get("BUSLINE_STORE_LOCKED")).toBeGreaterThan(0);

    // The first goes on as if nothing had happened.
    const before = acceptedIn(ledger);
    await first.told(isAccepted, before + ENOUGH);
    first.kill();
    await first.ended;
    firstLife.isKilled = true;

    const third = start("finish", SENDS_LATER, ledger, ledger.begin());
    const { ms, recovered } = await third.told((event) => event.is === "ready");
    expect(await third.ended).toMatchObject({ code: 0, said: "" });
    console.log(
      `refused after ${refusals.map((one) => Math.round(one)).join(", ")} ms; taken over after ${Math.round(ms)} ms, with ${recovered} messages waiting`,
    );
    expect(acceptedIn(ledger)).toBeGreaterThanOrEqual(2 * ENOUGH);
    expect([
      ...ledger.faults,
      ...faultsOfDelivery(ledger),
      ...faultsOfOrder(ledger),
      ...new Duplicates(ledger).faults,
    ]).toEqual([]);
  });
});
