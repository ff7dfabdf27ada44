import { availableParallelism } from "node:os";
import { OptionReader, type WorkerPlacement } from "busline";
import { openPool } from "./shared-pools.ts";
import { ThreadWorkers } from "./thread-workers.ts";

/** How a destination's threads are. */
export interface ThreadsOptions {
  /**
   * The name of a pool that all destinations share which ask for it by that name. Default: each destination has threads of
   * its own, `workersCoreSize` to `workersMaxSize` of them.
   */
  readonly pool?: string;
  /**
   * How many threads a shared pool has at most: a whole number of at least 1. Default: `os.availableParallelism()`. The
   * sizes of a destination say how many of them it may use at a time.
   */
  readonly poolMaxSize?: number;
  /**
   * The names of the async contexts whose values travel with a message: what `travellingContext(name)` holds where it is
   * sent, it holds where it is received. Default: none.
   */
  readonly contexts?: readonly string[];
  /** How long a listener's module may take to load, in milliseconds: 0 to 2^31 - 1. Default: 30,000. */
  readonly loadTimeoutMs?: number;
}

const DEFAULT_LOAD_TIMEOUT_MS = 30_000;

/**
 * Workers that are real threads, for listeners that burn a processor: given as the attribute `workers` of a queued
 * destination, whose listeners must then be modules (`moduleListener`). A destination that does not say its sizes keeps one
 * thread when it has been idle, and has as many as the machine runs at once.
 *
 * @throws {InvalidConfigurationError} an option is not what is allowed
 */
export function threads(options?: ThreadsOptions): WorkerPlacement {
  const known = ["pool", "poolMaxSize", "contexts", "loadTimeoutMs"];
  const read = new OptionReader("threads", options, known);
  const pool = read.text("pool");
  const poolMaxSize = read.wholeNumber("poolMaxSize", 1);
  if (pool === undefined && poolMaxSize !== undefined) {
    const counted = "a destination's own threads are counted by its workersMaxSize";
    read.refuse("poolMaxSize", `given with a pool; ${counted}`);
  }
  const contexts = read.texts("contexts") ?? [];
  const loadTimeoutMs = read.duration("loadTimeoutMs") ?? DEFAULT_LOAD_TIMEOUT_MS;
  const maxSize = poolMaxSize ?? availableParallelism();
  return Object.freeze({
    defaultSizes: Object.freeze({ coreSize: 1, maxSize }),
    open: (destination) =>
      new ThreadWorkers(destination, openPool(pool, maxSize, destination), {
        contexts,
        loadTimeoutMs,
      }),
  } satisfies WorkerPlacement);
}
