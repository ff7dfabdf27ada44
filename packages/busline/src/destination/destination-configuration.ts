import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import { abort } from "../queue/abort-handler.ts";
import type { RejectedExecutionHandler } from "../queue/rejected-execution-handler.ts";
import { checkDestinationName } from "../validation/destination-name.ts";
import { OptionReader } from "../validation/option-reader.ts";
import { isStandardSchema, type StandardSchema } from "../validation/standard-schema.ts";
import type { WorkerPlacement } from "../worker/worker-placement.ts";
import { type DestinationAttributes, resolveWorkerSizes } from "./destination-attributes.ts";
import { type RetryOptions, RetryPolicy } from "./retry-policy.ts";

const ATTRIBUTES_OF_ALL = ["schema", "replySchema"] as const;
const ATTRIBUTES_OF_QUEUES = ["maximumQueueSize", "rejectedExecutionHandler"] as const;
const ATTRIBUTES_OF_STORES = [
  "durable",
  "deduplicationWindowMs",
  "deduplicationWindowSize",
] as const;
const ATTRIBUTES_OF_WORKERS = [
  "workersCoreSize",
  "workersMaxSize",
  "workersIdleTimeoutMs",
  "workers",
  "listenerTimeoutMs",
  "retry",
  "deadLetter",
  "priorityLevels",
  "maximumMessagesInMemory",
] as const;

type HoldingAttribute = (
  | typeof ATTRIBUTES_OF_ALL
  | typeof ATTRIBUTES_OF_QUEUES
  | typeof ATTRIBUTES_OF_STORES
)[number];

const MOST_PRIORITY_LEVELS = 255;
const DEFAULT_MAXIMUM_QUEUE_SIZE = 100_000;
const DEFAULT_IDLE_TIMEOUT_MS = 60_000;
const DEFAULT_DEDUPLICATION_WINDOW_MS = 600_000;
const DEFAULT_DEDUPLICATION_WINDOW_SIZE = 1_000_000;
const DEFAULT_MAXIMUM_MESSAGES_IN_MEMORY = 1_000;

/**
 * Everything that makes a destination what it is, in one place: its type, its name and its attributes. Checked when it
 * is made, frozen, and reusable. Attributes that the type does not have read as `undefined`.
 */
export class DestinationConfiguration<Name extends string = string> {
  /** `"parallel"`, `"serial"`, `"keyed"`, `"synchronous"`, `"dead-letter"`, or a type of your own. */
  readonly destinationType: string;
  readonly destinationName: Name;
  /** How many messages may wait. `Infinity`: no limit. Default: 100,000. */
  readonly maximumQueueSize: number | undefined;
  /** Takes action when the queue is full. Default: `abort`. */
  readonly rejectedExecutionHandler: RejectedExecutionHandler | undefined;
  /** How many workers there are from the start, and stay when idle. Default: 2; serial 1. */
  readonly workersCoreSize: number | undefined;
  /** How many workers there are at most. Default: 5; serial 1. */
  readonly workersMaxSize: number | undefined;
  /** After how many idle milliseconds a worker above the core size ends. Default: 60,000. */
  readonly workersIdleTimeoutMs: number | undefined;
  /** Where the workers run the listeners. Default: on the event loop. */
  readonly workers: WorkerPlacement | undefined;
  /** How long a listener may take for one message. Default: as long as it likes. */
  readonly listenerTimeoutMs: number | undefined;
  /** How often a failed message is tried again. Default: not at all. */
  readonly retry: RetryPolicy | undefined;
  /** Where messages go that have failed for good. Default: nowhere. */
  readonly deadLetter: string | undefined;
  /** Whether messages outlive the process. Default: no. */
  readonly durable: boolean | undefined;
  /** How long a sender's own id is remembered. Default: 600,000 where it is durable. */
  readonly deduplicationWindowMs: number | undefined;
  /** How many ids are remembered. Default: 1,000,000 where it is durable. */
  readonly deduplicationWindowSize: number | undefined;
  /** How many of its messages are in memory. Default: 1,000 where it is durable and delivers. */
  readonly maximumMessagesInMemory: number | undefined;
  /** How many priorities messages may have. Default: none. */
  readonly priorityLevels: number | undefined;
  /** Checks, and may transform, each payload at `send`. Default: none. */
  readonly schema: StandardSchema | undefined;
  /** Checks, and may transform, each reply to a request. Default: none. */
  readonly replySchema: StandardSchema | undefined;

  /**
   * For any type, even your own. The creators below say the same for the built-in ones.
   *
   * @throws {InvalidConfigurationError} naming the attribute, the value and what is allowed
   */
  constructor(destinationType: string, destinationName: Name, attributes?: DestinationAttributes) {
    const name = checkDestinationName(destinationName, "DestinationConfiguration");
    const where = `DestinationConfiguration "${name}"`;
    if (typeof destinationType !== "string" || destinationType === "") {
      const allowed = "the name of a destination type";
      throw new InvalidConfigurationError({
        where,
        attribute: "destinationType",
        value: destinationType,
        allowed,
      });
    }
    const reader = new OptionReader(where, attributes, attributesOf(destinationType));
    this.destinationType = destinationType;
    this.destinationName = destinationName;
    this.schema = readSchema(reader, "schema");
    this.replySchema = readSchema(reader, "replySchema");
    if (destinationType !== "synchronous") {
      this.maximumQueueSize = reader.limit("maximumQueueSize") ?? DEFAULT_MAXIMUM_QUEUE_SIZE;
      this.rejectedExecutionHandler =
        reader.function<RejectedExecutionHandler>("rejectedExecutionHandler") ?? abort;
      this.durable = reader.boolean("durable") ?? false;
      const windowMs = reader.duration("deduplicationWindowMs");
      const windowSize = reader.wholeNumber("deduplicationWindowSize", 1);
      if (this.durable) {
        this.deduplicationWindowMs = windowMs ?? DEFAULT_DEDUPLICATION_WINDOW_MS;
        this.deduplicationWindowSize = windowSize ?? DEFAULT_DEDUPLICATION_WINDOW_SIZE;
      } else {
        refuseUnlessDurable(reader, "deduplicationWindowMs", "deduplicationWindowSize");
      }
    }
    if (destinationType !== "synchronous" && destinationType !== "dead-letter") {
      this.workers = reader.objectWith<WorkerPlacement>("workers", ["open"]);
      this.listenerTimeoutMs = reader.duration("listenerTimeoutMs");
      this.retry = readRetry(reader, where, this.durable === true);
      this.deadLetter = readDeadLetter(reader, where, name);
      this.priorityLevels = reader.wholeNumberWithin("priorityLevels", 2, MOST_PRIORITY_LEVELS);
      const inMemory = reader.wholeNumber("maximumMessagesInMemory", 1);
      if (this.durable === true) {
        this.maximumMessagesInMemory = inMemory ?? DEFAULT_MAXIMUM_MESSAGES_IN_MEMORY;
      } else {
        refuseUnlessDurable(reader, "maximumMessagesInMemory");
      }
      const sizes = resolveWorkerSizes(
        reader,
        destinationType === "serial",
        this.workers?.defaultSizes,
      );
      this.workersCoreSize = sizes.workersCoreSize;
      this.workersMaxSize = sizes.workersMaxSize;
      this.workersIdleTimeoutMs =
        reader.duration("workersIdleTimeoutMs") ?? DEFAULT_IDLE_TIMEOUT_MS;
    }
    Object.freeze(this);
  }

  /** Messages are queued; one worker per message per listener. @throws {InvalidConfigurationError} */
  static createParallelDestinationConfiguration<Name extends string>(
    destinationName: Name,
    attributes?: DestinationAttributes,
  ): DestinationConfiguration<Name> {
    return new DestinationConfiguration("parallel", destinationName, attributes);
  }

  /** Messages are queued; one worker delivers each to every listener, in order. @throws {InvalidConfigurationError} */
  static createSerialDestinationConfiguration<Name extends string>(
    destinationName: Name,
    attributes?: DestinationAttributes,
  ): DestinationConfiguration<Name> {
    return new DestinationConfiguration("serial", destinationName, attributes);
  }

  /**
   * Messages are queued; those with the same `key` are delivered one after another, in order, those of different keys side
   * by side. @throws {InvalidConfigurationError}
   */
  static createKeyedDestinationConfiguration<Name extends string>(
    destinationName: Name,
    attributes?: Omit<DestinationAttributes, "priorityLevels">,
  ): DestinationConfiguration<Name> {
    return new DestinationConfiguration("keyed", destinationName, attributes);
  }

  /**
   * Messages are kept until somebody looks at them, sends them back or deletes them (`bus.deadLetters`). Nobody listens.
   *
   * @throws {InvalidConfigurationError}
   */
  static createDeadLetterDestinationConfiguration<Name extends string>(
    destinationName: Name,
    attributes?: Pick<DestinationAttributes, HoldingAttribute>,
  ): DestinationConfiguration<Name> {
    return new DestinationConfiguration("dead-letter", destinationName, attributes);
  }

  /** The sender's own turn delivers; there is no queue and no worker. @throws {InvalidConfigurationError} */
  static createSynchronousDestinationConfiguration<Name extends string>(
    destinationName: Name,
    attributes?: Pick<DestinationAttributes, (typeof ATTRIBUTES_OF_ALL)[number]>,
  ): DestinationConfiguration<Name> {
    return new DestinationConfiguration("synchronous", destinationName, attributes);
  }
}

function attributesOf(destinationType: string): readonly (keyof DestinationAttributes)[] {
  if (destinationType === "synchronous") return ATTRIBUTES_OF_ALL;
  const ofHolding = [...ATTRIBUTES_OF_ALL, ...ATTRIBUTES_OF_QUEUES, ...ATTRIBUTES_OF_STORES];
  return destinationType === "dead-letter" ? ofHolding : [...ofHolding, ...ATTRIBUTES_OF_WORKERS];
}

function refuseUnlessDurable(reader: OptionReader, ...attributes: readonly string[]): void {
  for (const attribute of attributes) {
    if (reader.has(attribute))
      reader.refuse(attribute, "left out unless the destination is durable");
  }
}

/** What is durable is worth a few attempts. */
function readRetry(
  reader: OptionReader,
  where: string,
  isDurable: boolean,
): RetryPolicy | undefined {
  if (!reader.has("retry")) return isDurable ? new RetryPolicy({}, where) : undefined;
  const given = reader.any("retry");
  return given instanceof RetryPolicy
    ? given
    : new RetryPolicy(given as RetryOptions, `${where}, retry`);
}

function readDeadLetter(reader: OptionReader, where: string, name: string): string | undefined {
  if (!reader.has("deadLetter")) return undefined;
  const deadLetter = checkDestinationName(reader.any("deadLetter"), where, "deadLetter");
  return deadLetter === name ? reader.refuse("deadLetter", "another destination") : deadLetter;
}

function readSchema(reader: OptionReader, name: string): StandardSchema | undefined {
  if (!reader.has(name)) return undefined;
  const schema = reader.any(name);
  let isSchema = false;
  try {
    isSchema = isStandardSchema(schema);
  } catch {
    // A getter that throws: refused below.
  }
  return isSchema
    ? (schema as StandardSchema)
    : reader.refuse(name, "a Standard Schema (zod, valibot, arktype …)");
}
