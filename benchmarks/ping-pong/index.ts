import { Arrivals } from "../peers/arrivals.ts";
import type { Answer, CreateRequester, Requester } from "../peers/requester.ts";
import { type RequesterName, requesters } from "../peers/requesters.ts";
import { measureRate, rateMetrics } from "../probes/rate.ts";
import type { Goal, Metric, Sample, Scenario } from "../scenario.ts";

const answer: Answer = {
  forPayload: async (payload) => payload + 1,
  forMessage: async (message) => message.payload + 1,
};

const metrics: Readonly<Record<string, Metric>> = {
  ...rateMetrics,
  rate: { title: "requests a second", unit: "requests/s", better: "more" },
  duration: { title: "time a request", unit: "ns", better: "less" },
  processor: { title: "processor time a request", unit: "ns", better: "less" },
};

async function measureRequester(name: RequesterName, inFlight: number): Promise<Sample> {
  const create: CreateRequester = await requesters[name]();
  const requester = await create({ answer });
  const replies = new Arrivals();
  return measureRate(
    {
      run: requestInFlight(requester, replies, inFlight),
      arrived: () => replies.sum,
      // Each payload is 1, each reply 2.
      expected: (count) => count * 2,
      close: () => requester.close?.(),
    },
    { count: 1_024, grows: true },
  );
}

/** So many askers, each of which asks again when it has been answered. */
function requestInFlight(
  requester: Requester,
  replies: Arrivals,
  inFlight: number,
): (count: number) => Promise<void> {
  return async (count) => {
    let left = count;
    const ask = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        replies.add(await requester.request(1));
      }
    };
    await Promise.all(Array.from({ length: inFlight }, ask));
  };
}

function contendersOf(names: readonly RequesterName[], inFlight: number): Scenario["contenders"] {
  return Object.fromEntries(names.map((name) => [name, () => measureRequester(name, inFlight)]));
}

const WITH_QUEUE: readonly RequesterName[] = [
  "promise queue",
  "fastq (callback)",
  "fastq.promise",
  "async.queue",
  "p-queue",
  "p-limit",
  "effect Queue",
];
const WITHOUT_QUEUE: readonly RequesterName[] = [
  "moleculer",
  "moleculer (requestTimeout)",
  "EventEmitter by hand",
  "@nestjs/cqrs",
  "@metamask/messenger",
];
const QUEUED = ["busline parallel", "busline serial"] as const;
const DIRECT = ["busline direct", "busline synchronous"] as const;

const queuedGoals: readonly Goal[] = QUEUED.flatMap((contender) => [
  { contender, against: "moleculer", bar: 1.5, aim: 2 },
  // Like for like: with a timeout armed, too.
  { contender, against: "moleculer (requestTimeout)", bar: 1.5, aim: 2 },
  { contender, against: "fastq.promise", bar: 1 },
]);

function requestReply(inFlight: number): Scenario {
  return {
    name: `ping-pong/request-reply-${inFlight}-in-flight`,
    topology: "ping-pong",
    title: `Asks an asynchronous function that answers at once, through a queue and with the timeout of 10 s armed, with ${inFlight} in flight. Only "moleculer (requestTimeout)" and "EventEmitter by hand" have timeouts too; neither they nor @nestjs/cqrs and @metamask/messenger have a queue.`,
    metrics,
    mainMetric: "rate",
    ours: QUEUED,
    limit: "promise queue",
    limitTitle: "a ring drained in a microtask and one promise for each request, without timeouts",
    goals: queuedGoals,
    contenders: contendersOf([...QUEUED, ...WITH_QUEUE, ...WITHOUT_QUEUE], inFlight),
  };
}

const directMode: Scenario = {
  name: "ping-pong/direct-mode",
  topology: "ping-pong",
  title:
    "Asks an asynchronous function that answers at once, in the sender's turn, 1 in flight: a parallel destination in direct mode, and a synchronous one.",
  metrics,
  mainMetric: "rate",
  ours: DIRECT,
  limit: "function call",
  limitTitle: "the asynchronous function, called and awaited",
  goals: DIRECT.flatMap((contender) => [
    { contender, against: "moleculer", bar: 1.5, aim: 2 },
    { contender, against: "moleculer (requestTimeout)", bar: 1.5, aim: 2 },
  ]),
  contenders: contendersOf([...DIRECT, "function call", ...WITHOUT_QUEUE], 1),
};

export const scenarios: readonly Scenario[] = [requestReply(1), requestReply(64), directMode];
