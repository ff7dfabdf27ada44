import { type Destination, DestinationConfiguration, MessageBus } from "busline";
import { ManualClock, untilQuiet } from "busline/testing";
import { expect, test } from "vitest";
import { ledgerOf } from "./ledger.ts";
import { turns } from "./outcome-of.ts";

const { createSerialDestinationConfiguration: serial } = DestinationConfiguration;

/** Counts how often it is read. */
class ReadClock extends ManualClock {
  readCount = 0;

  override monotonicNow(): number {
    this.readCount += 1;
    return super.monotonicNow();
  }
}

/** Destinations whose listeners take as long as the test says. */
class Field {
  readonly clock = new ReadClock();
  readonly bus = new MessageBus({ clock: this.clock });
  readonly destinations: readonly Destination[];
  /** How many deliveries have started. */
  startCount = 0;
  tookMs = 0;

  constructor(size: number) {
    this.destinations = Array.from({ length: size }, (_, at) => {
      const destination = this.bus.addDestination(serial(`acme/${at}`));
      destination.listen(() => {
        this.startCount += 1;
        this.clock.advance(this.tookMs);
      });
      return destination;
    });
  }

  /** Sends so many to each. @returns how many deliveries start in one turn of the loop */
  async startsOfTurn(each: number): Promise<number> {
    const before = this.startCount;
    for (const destination of this.destinations) {
      for (let left = each; left > 0; left -= 1) void destination.send("one");
    }
    await turns(1);
    return this.startCount - before;
  }

  async end(): Promise<void> {
    this.tookMs = 0;
    await untilQuiet(this.bus);
    ledgerOf(this.bus);
  }
}

test("dispatcher - destinations that were found to be quick are not timed one by one", async () => {
  const field = new Field(50);
  const readsOfTurn = async (): Promise<number> => {
    const before = field.clock.readCount;
    expect(await field.startsOfTurn(1)).toBe(50);
    return field.clock.readCount - before;
  };
  expect(await readsOfTurn()).toBeGreaterThanOrEqual(50);
  await readsOfTurn();
  expect(await readsOfTurn()).toBeLessThanOrEqual(15);
  await field.end();
});

test("dispatcher - a destination that was quick and has become slow gives way after 4 ms again", async () => {
  const field = new Field(1);
  const quick = field.bus.addDestination(serial("acme/quick"));
  quick.listen(() => {});
  const startsOfTurn = (): Promise<number> => {
    for (let left = 100; left > 0; left -= 1) void quick.send("quick");
    return field.startsOfTurn(40);
  };
  while (field.startCount < 400) await startsOfTurn();
  field.tookMs = 2;
  // Found out after a few; from then on it is timed by itself.
  expect(await startsOfTurn()).toBeLessThanOrEqual(6);
  const perTurn: number[] = [];
  for (let turn = 0; turn < 10; turn += 1) perTurn.push(await startsOfTurn());
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(3);
  await field.end();
});

test("dispatcher - many destinations that were quick and become slow together give way after a few", async () => {
  const field = new Field(64);
  const perTurn: number[] = [];
  // How many may still start before the next look depends on how many have started before.
  for (let before = 0; before < 64; before += 5) {
    field.tookMs = 0;
    for (let round = 0; round < 10; round += 1) await field.startsOfTurn(1);
    for (let left = before; left > 0; left -= 1) void field.destinations[0]?.send("one");
    await turns(1);
    field.tookMs = 5;
    perTurn.push(await field.startsOfTurn(1));
  }
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(8);
  await field.end();
});
