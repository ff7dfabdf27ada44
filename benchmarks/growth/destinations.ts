import { Arrivals } from "../peers/arrivals.ts";
import { interleavedTimes, type SizedWork } from "../probes/sized-times.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Metric, Sample, Scenario } from "../scenario.ts";
import type { CreateDestinationField, DestinationField } from "./destination-field.ts";
import { destinationFields } from "./destination-fields.ts";

const FEW = 10;
const SOME = sizeOf(1_000, 100);
const MANY = sizeOf(100_000, 200);
/** Sent at once; then, where there is a queue, all is delivered before the next. */
const BURST = sizeOf(1_000, 100);

/**
 * What is compared is ten destinations, alone and among 100,000: what the number of destinations costs a message. A
 * message to each of them in order is measured beside it: there, most of the time goes into fetching a destination's
 * objects from memory, which no cache of the processor holds for so many.
 */
const metrics: Readonly<Record<string, Metric>> = {
  growth: { title: "among 100,000 compared with among 10", unit: "times", better: "less" },
  of10: { title: "time a message, 10 destinations", unit: "ns", better: "less" },
  tenOf1000: { title: "10 visited of 1,000", unit: "ns", better: "less" },
  tenOf100000: { title: "10 visited of 100,000", unit: "ns", better: "less" },
  all1000: { title: "1,000 visited in order", unit: "ns", better: "less" },
  all100000: { title: "100,000 visited in order", unit: "ns", better: "less" },
};

interface SizedField {
  readonly count: number;
  readonly field: DestinationField;
}

async function measureDestinations(create: CreateDestinationField): Promise<Sample> {
  const arrivals = new Arrivals();
  const receive = (payload: number): void => {
    arrivals.add(payload);
  };
  let sentCount = 0;
  const fieldOf = (count: number): SizedField => ({ count, field: create({ count, receive }) });
  const visiting = ({ count, field }: SizedField, visited: number): SizedWork => {
    const stride = count / visited;
    let next = 0;
    return {
      units: BURST,
      run: () => {
        sentCount += BURST;
        const all = field.isQueued ? arrivals.more(BURST) : undefined;
        for (let left = BURST; left > 0; left -= 1) {
          field.send(next * stride, 1);
          next += 1;
          if (next === visited) next = 0;
        }
        return all;
      },
    };
  };

  const few = fieldOf(FEW);
  const some = fieldOf(SOME);
  const many = fieldOf(MANY);
  const ofTen = await interleavedTimes({
    of10: visiting(few, FEW),
    tenOf1000: visiting(some, FEW),
    tenOf100000: visiting(many, FEW),
  });
  const ofAll = await interleavedTimes({
    all1000: visiting(some, SOME),
    all100000: visiting(many, MANY),
  });
  for (const { field } of [few, some, many]) await field.close?.();
  return {
    metrics: { growth: ofTen.tenOf100000 / ofTen.of10, ...ofTen, ...ofAll },
    arrived: arrivals.sum,
    expected: sentCount,
  };
}

const ours = Object.keys(destinationFields).filter((name) => name.startsWith("busline"));

export const destinations: Scenario = {
  name: "growth/destinations",
  topology: "growth",
  title:
    "Sends bursts of 1,000 messages round 10 destinations that are alone, or among 1,000 or 100,000, and round all of these.",
  metrics,
  mainMetric: "growth",
  ours,
  limit: "map of functions",
  limitTitle: "a map from names to functions",
  goals: ours.map((contender) => ({ contender, bar: 1.15, aim: 1.075 })),
  contenders: Object.fromEntries(
    Object.entries(destinationFields).map(([name, load]) => [
      name,
      async () => measureDestinations(await load()),
    ]),
  ),
};
