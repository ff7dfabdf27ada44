/** A queue that gets more than its listener can do. */
export interface FloodedQueue {
  /** Sends a message, which may be refused. */
  send(payload: number): void;
  /** Resolves when all that was taken has been delivered. */
  finished(): Promise<void>;
}

export interface FloodedQueueOptions {
  readonly listener: () => Promise<void>;
  /** To be called for each message that was refused or dropped. */
  readonly refused: () => void;
}

/** How many messages may be at work at a time. */
export const CONCURRENCY = 10;
/** busline's default. */
export const BOUND = 100_000;

export type CreateFlooded = (options: FloodedQueueOptions) => FloodedQueue;
