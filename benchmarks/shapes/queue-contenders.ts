import { Arrivals } from "../peers/arrivals.ts";
import type { WorkListener } from "../peers/work-listener.ts";
import type { WorkQueue, WorkQueueOptions } from "../peers/work-queue.ts";
import { type WorkQueueName, workQueues } from "../peers/work-queues.ts";
import { measureRate } from "../probes/rate.ts";
import type { Sample, Scenario } from "../scenario.ts";
import type { Production } from "./production.ts";

/** One shape of work for contenders that put a queue before one listener. */
export interface QueueShape {
  /** How many messages a run of each contender has. */
  readonly counts: Partial<Readonly<Record<WorkQueueName, number>>>;
  readonly options?: Omit<WorkQueueOptions, "listener">;
  readonly listener: (arrivals: Arrivals) => WorkListener;
  readonly production: Production;
  /** Further figures, about what the listener has seen. */
  readonly figures?: () => Readonly<Record<string, number>>;
}

export function queueContenders(shape: QueueShape): Scenario["contenders"] {
  return Object.fromEntries(
    Object.entries(shape.counts).map(([name, count]) => [
      name,
      () => measureQueue(name as WorkQueueName, count, shape),
    ]),
  );
}

async function measureQueue(
  name: WorkQueueName,
  count: number,
  { options, listener, production, figures }: QueueShape,
): Promise<Sample> {
  const arrivals = new Arrivals();
  const create = await workQueues[name]();
  const queue: WorkQueue = await create({ ...options, listener: listener(arrivals) });
  return measureRate(
    {
      run: production.run(queue, arrivals),
      arrived: () => arrivals.sum,
      expected: production.expected,
      ...(figures === undefined ? {} : { figures }),
      ...(queue.close === undefined ? {} : { close: () => queue.close?.() }),
    },
    { count, grows: production.grows },
  );
}

/** In the same order, so many for each of these contenders. */
export function sameCount<Name extends WorkQueueName>(
  names: readonly Name[],
  count: number,
): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, count])) as Record<Name, number>;
}
