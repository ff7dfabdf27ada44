import { setImmediate } from "node:timers/promises";
import { Arrivals } from "../peers/arrivals.ts";
import { liveHeap } from "../probes/heap.ts";
import { sizeOf } from "../probes/size-of.ts";
import type { Metric, Sample, Scenario } from "../scenario.ts";
import type { CreateIdleField, IdleField } from "./idle-field.ts";
import { idleFields } from "./idle-fields.ts";

const COUNT = sizeOf(100_000, 200);
/** So that what is made once has been made. */
const WARM_UP_COUNT = 200;
const MESSAGES_EACH = 10;
/** So many destinations are sent to before the messages are waited for. */
const SENT_TO_AT_ONCE = 100;

const metrics: Readonly<Record<string, Metric>> = {
  idle: { title: "heap an idle destination", unit: "bytes", better: "less" },
  listening: { title: "with a listener", unit: "bytes", better: "less" },
  used: { title: "with a listener, after 10 messages", unit: "bytes", better: "less" },
};

interface Range {
  readonly from: number;
  readonly to: number;
}

async function measureIdle(create: CreateIdleField): Promise<Sample> {
  const arrivals = new Arrivals();
  const field = create();
  await heapsOf(field, arrivals, { from: 0, to: WARM_UP_COUNT });
  const heaps = await heapsOf(field, arrivals, {
    from: WARM_UP_COUNT,
    to: WARM_UP_COUNT + COUNT,
  });
  await field.close?.();
  return {
    metrics: heaps,
    arrived: arrivals.sum,
    expected: (WARM_UP_COUNT + COUNT) * MESSAGES_EACH,
  };
}

/** What a destination takes at the stations of its life, in bytes. */
async function heapsOf(
  field: IdleField,
  arrivals: Arrivals,
  { from, to }: Range,
): Promise<Record<"idle" | "listening" | "used", number>> {
  const receive = (payload: number): void => {
    arrivals.add(payload);
  };
  const before = liveHeap();
  const each = (): number => (liveHeap() - before) / (to - from);
  for (let index = from; index < to; index += 1) field.add(`acme/idle-${index}`);
  const idle = each();
  for (let index = from; index < to; index += 1) field.listen(index, receive);
  const listening = each();
  for (let index = from; index < to; index += SENT_TO_AT_ONCE) {
    const all = arrivals.more(SENT_TO_AT_ONCE * MESSAGES_EACH);
    for (let message = 0; message < MESSAGES_EACH; message += 1) {
      for (let place = 0; place < SENT_TO_AT_ONCE; place += 1) field.send(index + place, 1);
    }
    await all;
  }
  await setImmediate();
  return { idle, listening, used: each() };
}

const ours = Object.keys(idleFields).filter((name) => name.startsWith("busline"));

export const idleDestinations: Scenario = {
  name: "growth/idle-destinations",
  topology: "growth",
  title: "Adds 100,000 destinations, gives each a listener, then sends each ten messages.",
  metrics,
  mainMetric: "idle",
  ours,
  limit: "map of arrays",
  limitTitle: "a map from names to objects with an array of functions",
  goals: ours.map((contender) => ({ contender, bar: 1_024, aim: 512 })),
  contenders: Object.fromEntries(
    Object.entries(idleFields).map(([name, create]) => [name, () => measureIdle(create)]),
  ),
};
