import type { MessageQueue, WaitingMessage } from "../queue/message-queue.ts";
import type { DestinationConfiguration } from "./destination-configuration.ts";

/**
 * What makes a type of destination: where its messages wait, in which order they leave, and how its workers share a
 * message's listeners. Bounds, workers, rejection, accounting, replies and statistics are the same for all types.
 */
export interface DestinationType {
  /**
   * Makes the queue in which messages wait. Absent: none wait; the sender's own turn delivers, one listener after
   * another.
   */
  readonly createQueue?: <Item extends WaitingMessage>() => MessageQueue<Item>;
  /** `"listener"`: a worker for each listener of a message. `"message"`: one worker takes all its listeners in turn. */
  readonly workerPer: "listener" | "message";
}

/**
 * Makes a destination's type out of its configuration, when it is added or replaced. May refuse the configuration with
 * an `InvalidConfigurationError`.
 */
export type DestinationTypeFactory = (configuration: DestinationConfiguration) => DestinationType;
