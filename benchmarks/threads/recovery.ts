import { pathToFileURL } from "node:url";
import { sizeOf } from "../probes/size-of.ts";
import type { Sample, Scenario } from "../scenario.ts";
import { THREADS } from "../peers/thread-requester.ts";
import { type RecoveryPayload, recoveryModulePath } from "./recovery-work.ts";

/** A pool of `THREADS` threads. */
interface Pool {
  run(payload: RecoveryPayload): Promise<number>;
  close(): Promise<unknown>;
}

const DEATHS = sizeOf(20, 2);
/** The pool has to be whole again by then. */
const BAR_MS = 500;

async function createBusline(): Promise<Pool> {
  const { DestinationConfiguration, MessageBus } = await import("busline");
  const { moduleListener, threads } = await import("@busline/threads");
  const bus = new MessageBus({ onError: () => {} });
  const destination = bus.addDestination<RecoveryPayload, number>(
    DestinationConfiguration.createParallelDestinationConfiguration("acme/work", {
      workers: threads(),
      workersCoreSize: THREADS,
      workersMaxSize: THREADS,
    }),
  );
  const url = pathToFileURL(recoveryModulePath);
  destination.listen(moduleListener(url, { exportName: "recoverOnMessage" }));
  return { run: (payload) => destination.request(payload), close: () => bus.close() };
}

async function createPiscina(): Promise<Pool> {
  const { Piscina } = await import("piscina");
  const pool = new Piscina({
    filename: recoveryModulePath,
    minThreads: THREADS,
    maxThreads: THREADS,
  });
  return {
    run: (payload) => pool.run(payload) as Promise<number>,
    close: () => pool.destroy(),
  };
}

/** Lets all threads meet. @returns how many have */
async function meet(pool: Pool): Promise<number> {
  const payload = { kind: "meet", place: new SharedArrayBuffer(4), count: THREADS } as const;
  const met = await Promise.all(Array.from({ length: THREADS }, () => pool.run(payload)));
  return met.reduce((sum, one) => sum + one, 0);
}

async function measure(create: () => Promise<Pool>): Promise<Sample> {
  const pool = await create();
  let arrived = await meet(pool);
  let longest = 0;
  for (let death = 0; death < DEATHS; death += 1) {
    const startedAt = performance.now();
    await pool.run({ kind: "die" }).catch(() => {});
    arrived += await meet(pool);
    longest = Math.max(longest, performance.now() - startedAt);
  }
  await pool.close();
  return { metrics: { recovery: longest }, arrived, expected: (DEATHS + 1) * THREADS };
}

export const recovery: Scenario = {
  name: "threads/recovery",
  topology: "threads",
  title:
    "One of 2 threads ends itself; then both are to be at work at the same time. The longest of 20 times.",
  metrics: {
    recovery: { title: "until both threads work again", unit: "ms", better: "less" },
  },
  mainMetric: "recovery",
  ours: ["busline threads"],
  limit: undefined,
  goals: [{ bar: BAR_MS }],
  contenders: {
    "busline threads": () => measure(createBusline),
    piscina: () => measure(createPiscina),
  },
};
