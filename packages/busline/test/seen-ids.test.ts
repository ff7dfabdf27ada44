import { describe, expect, test } from "vitest";
import { ManualClock, MemoryStore } from "busline/testing";
import { FailureReporter } from "../src/diagnostics/failure-reporter.ts";
import { BusStore } from "../src/store/bus-store.ts";
import { type ClaimingMember, type IdClaim, SeenIds } from "../src/store/seen-ids.ts";
import { numbersTo } from "./durable-fixture.ts";

const WINDOW = { durationMs: 100, maximumIds: 1_000 };

class Claim implements ClaimingMember {
  readonly changes;
  readonly size = 1;
  readonly claim: IdClaim | undefined;
  isDuplicate = false;

  constructor(key: string, claim?: Partial<IdClaim>) {
    this.changes = [{ key, value: new Uint8Array() }];
    this.claim = claim && { id: "own", destinationId: 1, window: WINDOW, ...claim };
  }

  committed(): void {}

  refused(): void {}

  wasDuplicate(): void {
    this.isDuplicate = true;
  }
}

async function rigOf() {
  const store = new MemoryStore();
  const busStore = new BusStore(
    store,
    new ManualClock(),
    new FailureReporter(undefined, undefined),
  );
  await busStore.opened;
  const seen = new SeenIds(busStore);
  /** Sifts, and commits what is left. @returns the keys of the members that were let through */
  const take = async (now: number, ...members: readonly Claim[]): Promise<string[]> => {
    const { changes, committed } = await seen.sift(members, now);
    await store.commit(changes, "stable");
    committed();
    return changes.map(({ key }) => key).filter((key) => !/^[uv]\//.test(key));
  };
  const remembered = (): number => store.entries.filter(({ key }) => key.startsWith("u/")).length;
  return { store, take, remembered };
}

describe("seen ids", () => {
  test("seen ids - members without ids of their own pass, and nothing is remembered", async () => {
    const { take, remembered } = await rigOf();
    expect(await take(0, new Claim("a"), new Claim("b"))).toEqual(["a", "b"]);
    expect(remembered()).toBe(0);
  });

  test("seen ids - of members of one id the first passes, the others keep their places", async () => {
    const { take } = await rigOf();
    const [first, second, third] = [new Claim("a", {}), new Claim("b", {}), new Claim("c")];
    expect(await take(0, first, second, third)).toEqual(["a", "c"]);
    expect([first.isDuplicate, second.isDuplicate, third.isDuplicate]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("seen ids - one of another destination is another id", async () => {
    const { take, remembered } = await rigOf();
    const other = new Claim("b", { destinationId: 2 });
    expect(await take(0, new Claim("a", {}), other)).toEqual(["a", "b"]);
    expect(remembered()).toBe(2);
  });

  test("seen ids - the time of each counts by its own window", async () => {
    const { take } = await rigOf();
    const long = { window: { durationMs: 1_000, maximumIds: 9 } };
    await take(0, new Claim("a", {}), new Claim("b", { id: "long", ...long }));
    const short = new Claim("c", {});
    const late = new Claim("d", { id: "long", ...long });
    expect(await take(100, short, late)).toEqual(["c"]);
    expect(late.isDuplicate).toBe(true);
  });

  test("seen ids - what has left the window is forgotten, at most four with each that comes", async () => {
    const { take, remembered } = await rigOf();
    await take(
      0,
      ...numbersTo(20).map((number) => new Claim(`${number}`, { id: `old ${number}` })),
    );
    expect(remembered()).toBe(20);
    await take(200, new Claim("a", { id: "a" }));
    expect(remembered()).toBe(17);
    await take(201, new Claim("b", { id: "b" }), new Claim("c", { id: "c" }));
    expect(remembered()).toBe(11);
  });

  test("seen ids - no more than so many are remembered, the latest ones", async () => {
    const { take, remembered } = await rigOf();
    const window = { durationMs: 1_000, maximumIds: 3 };
    for (const at of numbersTo(10)) await take(at, new Claim(`${at}`, { id: `${at}`, window }));
    expect(remembered()).toBe(3);
    const again = numbersTo(10).map(
      (number) => new Claim(`${number}`, { id: `${number}`, window }),
    );
    await take(10, ...again);
    expect(again.map(({ isDuplicate }) => isDuplicate)).toEqual(
      numbersTo(10).map((number) => number >= 7),
    );
  });

  test("seen ids - how many there are is asked once", async () => {
    const { store, take } = await rigOf();
    let counts = 0;
    const { count } = store;
    store.count = (range) => {
      counts += 1;
      return count.call(store, range);
    };
    for (const at of numbersTo(5)) await take(at, new Claim(`${at}`, { id: `${at}` }));
    expect(counts).toBe(1);
  });

  test("seen ids - all that are remembered stand once by id and once by time", async () => {
    const { store, take } = await rigOf();
    const window = { durationMs: 5, maximumIds: 4 };
    for (const at of numbersTo(60)) {
      await take(at, new Claim(`${at}`, { id: `${(at * 7) % 11}`, window }));
      const count = (kind: string): number =>
        store.entries.filter(({ key }) => key.startsWith(kind)).length;
      expect(count("u/")).toBe(count("v/"));
    }
  });
});
