import { Arrivals } from "../peers/arrivals.ts";
import { buslinePipeline, type CreatePipeline, pipelineOf } from "../peers/pipeline.ts";
import type { WorkQueueName } from "../peers/work-queues.ts";
import { measureRate, rateMetrics } from "../probes/rate.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Sample, Scenario } from "../scenario.ts";
import { inOneBurst } from "../shapes/production.ts";

const MANY = sizeOf(300_000);
const FEWER = sizeOf(100_000);
const FEW = sizeOf(20_000);
/** For one whose time grows faster than the number of messages. */
const VERY_FEW = sizeOf(5_000);

const COUNTS: Partial<Record<WorkQueueName, number>> = {
  "fair ring": MANY,
  "fastq (callback)": MANY,
  "fastq.promise": MANY,
  "async.queue": MANY,
  "effect Queue": MANY,
  "effect Queue (takeAll)": MANY,
  "p-queue": FEWER,
  "p-limit": FEWER,
  emittery: FEW,
  moleculer: FEW,
  rxjs: VERY_FEW,
};

async function measurePipeline(create: CreatePipeline, count: number): Promise<Sample> {
  const arrivals = new Arrivals();
  const pipeline = await create((payload) => {
    arrivals.add(payload);
  });
  return measureRate(
    {
      run: inOneBurst.run(pipeline, arrivals),
      arrived: () => arrivals.sum,
      expected: inOneBurst.expected,
      close: () => pipeline.close?.(),
    },
    { count, grows: false },
  );
}

const threeStages: Scenario = {
  name: "pipeline/three-stages",
  topology: "pipeline",
  title:
    "Sends 300,000 messages at once to the first of three queues without a bound, each of whose synchronous listeners sends them on to the next.",
  metrics: rateMetrics,
  mainMetric: "rate",
  ours: ["busline serial", "busline parallel"],
  limit: "fair ring",
  limitTitle:
    "three rings of payloads, drained in slices of 1,024 with the event loop's turn between",
  goals: ["busline serial", "busline parallel"].map((contender) => ({
    contender,
    against: "fastq (callback)",
    bar: 2,
  })),
  contenders: {
    "busline serial": () => measurePipeline(buslinePipeline("serial"), MANY),
    "busline parallel": () => measurePipeline(buslinePipeline("parallel"), MANY),
    ...Object.fromEntries(
      Object.entries(COUNTS).map(([name, count]) => [
        name,
        () => measurePipeline(pipelineOf(name as WorkQueueName), count),
      ]),
    ),
  },
};

export const scenarios: readonly Scenario[] = [threeStages];
