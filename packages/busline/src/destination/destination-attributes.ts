import type { RejectedExecutionHandler } from "../queue/rejected-execution-handler.ts";
import type { WorkerPlacement } from "../worker/worker-placement.ts";
import type { RetryOptions } from "./retry-policy.ts";
import type { OptionReader } from "../validation/option-reader.ts";
import type { StandardSchema } from "../validation/standard-schema.ts";

/** What a destination can be given beside its type and its name. */
export interface DestinationAttributes {
  /** How many messages may wait: a whole number of at least 1, or `Infinity`. Default: 100,000. */
  readonly maximumQueueSize?: number;
  /** Takes action when the queue is full. Default: `abort`, which refuses the message to its sender. */
  readonly rejectedExecutionHandler?: RejectedExecutionHandler;
  /**
   * How many workers there are from the start, and stay when idle: a whole number, 0 allowed. Default: 2, or
   * `workersMaxSize` if that is smaller; serial 1.
   */
  readonly workersCoreSize?: number;
  /**
   * How many workers there are at most: a whole number of at least 1. Default: 5, or `workersCoreSize` if that is
   * larger; serial 1.
   */
  readonly workersMaxSize?: number;
  /** After how many idle milliseconds a worker above the core size ends: 0 to 2^31 - 1. Default: 60,000. */
  readonly workersIdleTimeoutMs?: number;
  /**
   * Where the workers run the listeners: `threads()` of `@busline/threads`, or a placement of your own. Default: on the
   * event loop.
   */
  readonly workers?: WorkerPlacement;
  /**
   * How long a listener may take for one message, in milliseconds: 0 to 2^31 - 1. Then it has failed with a
   * `ListenerTimeoutError`. Where `workers` are placed elsewhere its worker is ended; on the event loop nothing can end it:
   * what it does afterwards is ignored, and `context.signal` tells the only listener of a message to stop. Default: as long
   * as it likes.
   */
  readonly listenerTimeoutMs?: number;
  /**
   * How often, and after which pauses, a message is tried again whose listener has failed: only for those that have.
   * Default: not at all.
   */
  readonly retry?: RetryOptions;
  /**
   * The name of the destination that gets a message when it has failed for good, with what is known of that in its
   * headers. Default: none.
   */
  readonly deadLetter?: string;
  /**
   * Whether messages outlive the process: they lie in the bus's `store` from their acceptance to their end. `send` then
   * returns a promise that resolves when the message is on stable storage, listeners need a `name`, and `retry` has 5
   * attempts unless it says otherwise. Default: no.
   */
  readonly durable?: boolean;
  /**
   * How long a sender's own `id` is remembered by a durable destination, in milliseconds: 0 to 2^31 - 1. A message whose id
   * is remembered is not taken in again. 0: no id is. Default: 600,000, which is 10 minutes.
   */
  readonly deduplicationWindowMs?: number;
  /** How many ids are remembered at most, the latest ones: a whole number of at least 1. Default: 1,000,000. */
  readonly deduplicationWindowSize?: number;
  /**
   * How many of its waiting messages a durable destination keeps in memory, about: a whole number of at least 1. The others
   * lie in the store alone, and are read in time. Default: 1,000.
   */
  readonly maximumMessagesInMemory?: number;
  /**
   * How many priorities messages may have: 2 to 255. A message of a higher one is taken before all of the lower ones; in
   * the same one the order is that of sending. Default: none, and `send` refuses a `priority`.
   */
  readonly priorityLevels?: number;
  /** A Standard Schema: a payload that does not fit is refused at `send` with an `InvalidMessageError`. Default: none. */
  readonly schema?: StandardSchema<never, unknown> | StandardSchema;
  /** A Standard Schema: a listener whose reply to a request does not fit has failed. Default: none. */
  readonly replySchema?: StandardSchema<never, unknown> | StandardSchema;
}

/** How many workers a destination starts with, and how many it may have. */
export interface WorkerSizes {
  readonly workersCoreSize: number;
  readonly workersMaxSize: number;
}

const DEFAULT_CORE_SIZE = 2;
const DEFAULT_MAX_SIZE = 5;

const DEFAULT_SIZES = { coreSize: DEFAULT_CORE_SIZE, maxSize: DEFAULT_MAX_SIZE };

/** Reads both sizes; where one is not given, its default gives way to the other. */
export function resolveWorkerSizes(
  reader: OptionReader,
  isSerial: boolean,
  defaults: WorkerPlacement["defaultSizes"] = DEFAULT_SIZES,
): WorkerSizes {
  const core = reader.wholeNumber("workersCoreSize", 0);
  const max = reader.wholeNumber("workersMaxSize", 1);
  if (isSerial) {
    if (core !== undefined && core !== 1)
      reader.refuse("workersCoreSize", "1 in a serial destination");
    if (max !== undefined && max !== 1)
      reader.refuse("workersMaxSize", "1 in a serial destination");
    return { workersCoreSize: 1, workersMaxSize: 1 };
  }
  const workersCoreSize = core ?? Math.min(defaults.coreSize, max ?? defaults.maxSize);
  const workersMaxSize = max ?? Math.max(defaults.maxSize, workersCoreSize);
  if (workersCoreSize > workersMaxSize) {
    reader.refuse("workersCoreSize", `at most workersMaxSize, which is ${workersMaxSize}`);
  }
  return { workersCoreSize, workersMaxSize };
}
