import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import { createLine } from "../worker/line.ts";
import type { DestinationConfiguration } from "./destination-configuration.ts";

/**
 * What makes a type of destination: where its messages wait, in which order they leave, and how its workers share a
 * message's listeners. Bounds, workers, rejection, accounting, replies and statistics are the same for all types.
 */
export interface DestinationType {
  /**
   * Makes the queue in which messages wait. Absent: none wait; the sender's own turn delivers, one listener after
   * another. A replacement by a configuration of the same type keeps the queue; another type's takes over what waits.
   */
  readonly createQueue?: () => MessageQueue;
  /** `"listener"`: a worker for each listener of a message. `"message"`: one worker takes all its listeners in turn. */
  readonly workerPer: "listener" | "message";
  /**
   * Whether a message that has failed, and is to be tried again, holds up all behind it, so that the order is kept. Without
   * it they go on meanwhile; a queue that gives out the next of a kind only after the `ended` of the one before keeps
   * the order within that kind. Default: no.
   */
  readonly keepsOrder?: boolean;
  /**
   * Whether its messages are kept and not delivered: nobody can listen, nobody need listen, and a drain does not wait for
   * them. What a close finds is in its report. Default: no.
   */
  readonly isHolding?: boolean;
}

/**
 * Makes a destination's type out of its configuration, when it is added or replaced. May refuse the configuration with
 * an `InvalidConfigurationError`.
 */
export type DestinationTypeFactory = (configuration: DestinationConfiguration) => DestinationType;

const QUEUE_METHODS = ["add", "take", "oldest", "remove", "removeAll"] as const;

/** @throws {InvalidConfigurationError} a factory made something that is no type */
export function checkDestinationType(
  type: unknown,
  configuration: DestinationConfiguration,
): DestinationType {
  const refuse = (attribute: string, value: unknown, allowed: string): never => {
    const where = `The factory of destination type "${configuration.destinationType}"`;
    throw new InvalidConfigurationError({ where, attribute, value, allowed });
  };
  if (typeof type !== "object" || type === null) return refuse("its result", type, "an object");
  const { workerPer, createQueue, keepsOrder, isHolding } = type as Partial<DestinationType>;
  if (workerPer !== "listener" && workerPer !== "message") {
    return refuse("workerPer", workerPer, '"listener" or "message"');
  }
  if (keepsOrder !== undefined && typeof keepsOrder !== "boolean") {
    return refuse("keepsOrder", keepsOrder, "true or false");
  }
  if (isHolding !== undefined && typeof isHolding !== "boolean") {
    return refuse("isHolding", isHolding, "true or false");
  }
  if (createQueue === undefined || createQueue === createLine) return type as DestinationType;
  if (typeof createQueue !== "function") return refuse("createQueue", createQueue, "a function");
  return {
    workerPer,
    keepsOrder: keepsOrder === true,
    isHolding: isHolding === true,
    createQueue: () => {
      const queue: unknown = Reflect.apply(createQueue, type, []);
      const isQueue =
        typeof queue === "object" &&
        queue !== null &&
        QUEUE_METHODS.every((method) => typeof Reflect.get(queue, method) === "function");
      return isQueue
        ? (queue as MessageQueue)
        : refuse("createQueue", queue, "a function that makes a MessageQueue");
    },
  };
}
