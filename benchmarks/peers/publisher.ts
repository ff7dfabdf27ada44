import type { ListenerForms } from "./work-listener.ts";

/** A bus or an emitter that delivers in the sender's turn, as a contender offers it. */
export interface Publisher {
  /** Hands a message to all listeners of a topic; a promise where the contender gives one to wait for. */
  publish(topic: number, payload: number): void | Promise<unknown>;
  /** Whether `publish` gives a promise that tells when all listeners have been called. */
  readonly isAwaited?: boolean;
  close?(): void | Promise<void>;
}

/** The listeners of each topic. */
export interface PublisherOptions {
  readonly topics: readonly (readonly ListenerForms<void>[])[];
}

export type CreatePublisher = (options: PublisherOptions) => Publisher | Promise<Publisher>;

/** The name of a topic, for contenders that know topics by name. */
export function nameOfTopic(topic: number): string {
  return `acme/topic-${topic}`;
}
