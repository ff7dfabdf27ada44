import { Arrivals } from "../peers/arrivals.ts";
import { measureRate, rateMetrics } from "../probes/rate.ts";
import type { Metric, Sample, Scenario } from "../scenario.ts";
import { BURST, inSmallBurstsTo } from "../shapes/production.ts";
import { DELIVERIES_AN_ORDER, orderProgram } from "./order-program.ts";
import type { Wiring } from "./wiring.ts";

const metrics: Readonly<Record<string, Metric>> = {
  ...rateMetrics,
  rate: { title: "orders a second", unit: "orders/s", better: "more" },
  duration: { title: "time an order", unit: "ns", better: "less" },
  processor: { title: "processor time an order", unit: "ns", better: "less" },
};

async function measureProgram(wiring: Wiring): Promise<Sample> {
  const arrivals = new Arrivals();
  const push = orderProgram(wiring, (order) => {
    arrivals.add(order);
  });
  const production = inSmallBurstsTo(DELIVERIES_AN_ORDER);
  return measureRate(
    {
      run: production.run({ push }, arrivals),
      arrived: () => arrivals.sum,
      expected: production.expected,
      close: () => wiring.close?.(),
    },
    { count: BURST, grows: true },
  );
}

const tenDestinations: Scenario = {
  name: "mixed/ten-destinations",
  topology: "mixed",
  title:
    "Bursts of 1,000 orders, each of which calls 14 listeners over ten destinations: three synchronous ones, three serial ones, and four parallel ones.",
  metrics,
  mainMetric: "rate",
  ours: ["busline"],
  limit: "direct calls",
  limitTitle: "functions that call one another, without a queue or a bound",
  goals: [
    { against: "EventEmitter + fastq", bar: 1 },
    { against: "EventEmitter + fastq + p-queue", bar: 1 },
  ],
  contenders: {
    busline: async () => measureProgram((await import("./busline-wiring.ts")).createWiring()),
    "direct calls": async () => measureProgram((await import("./direct-wiring.ts")).createWiring()),
    "EventEmitter + fastq": async () =>
      measureProgram((await import("./emitter-wiring.ts")).createFastqWiring()),
    "EventEmitter + fastq + p-queue": async () =>
      measureProgram((await import("./emitter-wiring.ts")).createPQueueWiring()),
  },
};

export const scenarios: readonly Scenario[] = [tenDestinations];
