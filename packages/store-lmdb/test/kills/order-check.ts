import type { Account, Ledger } from "./ledger.ts";
import type { RigMessage } from "./rig-message.ts";

/** Messages that must be delivered in their order. */
interface Lane {
  readonly name: string;
  has(message: RigMessage): boolean;
}

/**
 * E7, at the serial destination and for each key of the keyed one: in each life messages start one after another in the order
 * in which they were sent, none is left out, and what an earlier life was done with comes again only as the last part of that,
 * with everything behind it. That holds for all who send, and for each of them alone where a message was sent again.
 */
export function faultsOfOrder(ledger: Ledger): string[] {
  return lanesOf(ledger).flatMap((lane) => {
    // What is put off takes its place when it is due.
    const accounts = [...ledger.accounts.values()].filter(({ message }) => {
      return message.delayMs === undefined && lane.has(message);
    });
    const once = accounts.filter(({ sentTimes }) => sentTimes === 1);
    const producers = new Set(accounts.map(({ message }) => message.producer));
    const orders = [...producers].map((producer) => {
      const own = accounts.filter(({ message }) => message.producer === producer);
      return own.toSorted((one, other) => one.message.number - other.message.number);
    });
    return [once, ...orders].flatMap((order) => faultsIn(order, lane.name, ledger));
  });
}

function lanesOf({ accounts }: Ledger): Lane[] {
  const keys = new Set([...accounts.values()].map(({ message }) => message.key));
  keys.delete(undefined);
  return [
    { name: "serial", has: ({ destination }) => destination === "serial" },
    ...[...keys].map((key) => ({
      name: `keyed ${key}`,
      has: (message: RigMessage) => message.key === key,
    })),
  ];
}

/** @param order as they were sent */
function faultsIn(order: readonly Account[], lane: string, ledger: Ledger): string[] {
  const places = new Map(order.map((account, at) => [account, at]));
  const letters = new Set(ledger.letters.map(({ message }) => message));
  /** For each the first life in which it was done. */
  const doneIn = order.map(({ calls }) => {
    const first = [...calls.values()].flat().find(({ end }) => end === "done");
    return first?.life ?? Infinity;
  });
  // Nobody knows where one is that no process has told of.
  const isStored = order.map(({ acceptedTimes, calls, message }) => {
    return (acceptedTimes > 0 || calls.size > 0) && !letters.has(message.name);
  });
  const faults: string[] = [];
  for (const { number, starts } of ledger.lives) {
    const started = starts.flatMap((account) => places.get(account) ?? []);
    for (const [index, at] of started.entries()) {
      const before = started[index - 1];
      const where = `E7: ${lane}, life ${number}: ${order[at]?.message.name}`;
      if (before !== undefined && at < before) {
        faults.push(`${where}: after ${order[before]?.message.name}`);
        continue;
      }
      const left = firstLeft(before, at, (one) => {
        // The first of a life may come behind what earlier ones are done with.
        return isStored[one] === true && (before !== undefined || (doneIn[one] ?? 0) >= number);
      });
      if (left !== undefined) faults.push(`${where}: before ${order[left]?.message.name}`);
    }
  }
  return faults;
}

/** The first between two places that is to be there. */
function firstLeft(
  before: number | undefined,
  at: number,
  isTo: (at: number) => boolean,
): number | undefined {
  for (let one = (before ?? -1) + 1; one < at; one += 1) if (isTo(one)) return one;
  return undefined;
}
