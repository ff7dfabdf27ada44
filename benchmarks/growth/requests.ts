import type { Answer } from "../peers/requester.ts";
import { type RequesterName, requesters } from "../peers/requesters.ts";
import { ascendingTimes, type SizedWork } from "../probes/sized-times.ts";
import { liveHeap } from "../probes/heap.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Metric, Sample, Scenario } from "../scenario.ts";

const SOME = sizeOf(1_000, 100);
const MANY = sizeOf(100_000);

const metrics: Readonly<Record<string, Metric>> = {
  of100000: { title: "time a request, 100,000 in flight", unit: "ns", better: "less" },
  of1000: { title: "1,000 in flight", unit: "ns", better: "less" },
  of1: { title: "1 in flight", unit: "ns", better: "less" },
  heap: { title: "heap a request in flight, its promise included", unit: "bytes", better: "less" },
};

const OURS: readonly RequesterName[] = ["busline parallel", "busline serial"];
const LIMIT: RequesterName = "promise queue";
const PEERS: readonly RequesterName[] = [
  "moleculer (requestTimeout)",
  "EventEmitter by hand",
  "fastq.promise",
  "p-queue",
];

const answer: Answer = {
  forPayload: async (payload) => payload + 1,
  forMessage: async ({ payload }) => payload + 1,
};

async function measureRequests(name: RequesterName): Promise<Sample> {
  const create = await requesters[name]();
  const requester = await create({ answer });
  let sum = 0;
  let expected = 0;
  const requestAll = async (count: number, whenSent?: () => void): Promise<void> => {
    expected += 2 * count;
    const replies = Array.from({ length: count }, () => requester.request(1));
    whenSent?.();
    for (const reply of await Promise.all(replies)) sum += reply;
  };
  const inFlight = (count: number): SizedWork => ({ units: count, run: () => requestAll(count) });
  const times = await ascendingTimes({
    of1: inFlight(1),
    of1000: inFlight(SOME),
    of100000: inFlight(MANY),
  });
  const before = liveHeap();
  let full = 0;
  await requestAll(MANY, () => {
    full = liveHeap();
  });
  await requester.close?.();
  return {
    metrics: { ...times, heap: (full - before) / MANY },
    arrived: sum,
    expected,
  };
}

export const requests: Scenario = {
  name: "growth/requests",
  topology: "growth",
  title:
    "Makes 1, 1,000 or 100,000 requests in one run, with a timeout armed for each where the contender has one, then waits for all replies; and again.",
  metrics,
  mainMetric: "of100000",
  ours: OURS,
  limit: LIMIT,
  limitTitle: "a ring of what is asked and a promise for each, without a timeout",
  goals: [],
  contenders: Object.fromEntries(
    [...OURS, LIMIT, ...PEERS].map((name) => [name, () => measureRequests(name)]),
  ),
};
