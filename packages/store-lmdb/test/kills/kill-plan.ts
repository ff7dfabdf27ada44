import type { Dice } from "../dice.ts";
import type { FailpointOrder } from "./child-order.ts";

/** How the life of a child is to end. */
type PlannedEnd =
  /** So long after its first message, or after it has begun to open its store. */
  | { readonly how: "random" | "start-up"; readonly afterMs: number }
  | { readonly how: "failpoint"; readonly failpoint: FailpointOrder }
  | { readonly how: "close"; readonly afterMs: number };

/** What a life is to be like. */
export interface PlannedLife {
  readonly end: PlannedEnd;
  readonly childSeed: number;
  readonly mostWaiting: number;
  readonly maximumMessagesInMemory: number;
  readonly hasShortLogs: boolean;
}

const MOST_MS = 400;
/** About as long as an opening takes. */
const START_UP_MS = 150;
const START_UP_SHARE = 0.3;

/** Where a child may kill itself, and at which time it comes by there, at most; so long after it, at most. */
type PlannedFailpoint = readonly [name: string, mostTimes: number, mostMs: number];

const FAILPOINTS: readonly PlannedFailpoint[] = [
  ["before a stable commit", 60, 0],
  ["a stable commit was called", 60, 3],
  ["a stable commit has resolved", 60, 0],
  ["an acknowledgement was told", 400, 0],
  ["before a process commit", 300, 0],
  ["a process commit was called", 300, 0],
  ["a listener has begun", 400, 0],
  ["a listener is done", 400, 0],
  ["the end of a message was written", 200, 0],
  ["a read was called", 14, 2],
  ["a read was answered", 14, 0],
  ["recovery was called", 1, 60],
  ["recovery has ended", 1, 0],
  ["a log was asked for", 3, 3],
  ["a fold was called", 3, 15],
  ["a fold has ended", 3, 0],
];

/** Half of the lives end at a failpoint, each of them about as often as any other; the others at random times. */
export function planKills(count: number, dice: Dice): PlannedLife[] {
  const failpoints = shuffled(FAILPOINTS, dice);
  const half = Math.ceil(count / 2);
  const ends = Array.from({ length: count }, (_, at) => {
    const failpoint = failpoints[at % failpoints.length];
    return at < half && failpoint !== undefined ? failpointEnd(failpoint, dice) : randomEnd(dice);
  });
  return shuffled(ends, dice).map((end) => lifeWith(end, dice));
}

export function planCloses(count: number, dice: Dice): PlannedLife[] {
  return Array.from({ length: count }, () => {
    return lifeWith({ how: "close", afterMs: dice.below(MOST_MS) }, dice);
  });
}

function failpointEnd([name, mostTimes, mostMs]: PlannedFailpoint, dice: Dice): PlannedEnd {
  const failpoint = { name, count: 1 + dice.below(mostTimes), afterMs: dice.throw() * mostMs };
  return { how: "failpoint", failpoint };
}

function randomEnd(dice: Dice): PlannedEnd {
  if (dice.throw() < START_UP_SHARE) {
    return { how: "start-up", afterMs: dice.below(START_UP_MS) };
  }
  return { how: "random", afterMs: dice.below(MOST_MS) };
}

function lifeWith(end: PlannedEnd, dice: Dice): PlannedLife {
  const isFold = end.how === "failpoint" && /fold|log/u.test(end.failpoint.name);
  return {
    end,
    childSeed: dice.below(2 ** 30),
    mostWaiting: [50, 300, 2_000][dice.below(3)] as number,
    maximumMessagesInMemory: [20, 200, 1_000][dice.below(3)] as number,
    hasShortLogs: isFold || dice.below(2) === 0,
  };
}

function shuffled<Item>(items: readonly Item[], dice: Dice): Item[] {
  const rest = [...items];
  const order: Item[] = [];
  while (rest.length > 0) order.push(...rest.splice(dice.below(rest.length), 1));
  return order;
}
