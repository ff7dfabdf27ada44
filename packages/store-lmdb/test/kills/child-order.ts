import { readFileSync } from "node:fs";

/** Where a child is to kill itself. */
export interface FailpointOrder {
  readonly name: string;
  /** At the so-manieth time that it comes by. */
  readonly count: number;
  /** Its other threads go on for so long, while it holds still. */
  readonly afterMs: number;
}

/** What a child of the kill rig is to do. */
export interface ChildOrder {
  readonly folder: string;
  /** Of the whole run: what messages look like depends on it. */
  readonly seed: number;
  /** Of this child. */
  readonly childSeed: number;
  /** Sends until it is ended; or ends by itself when nothing is left. */
  readonly does: "load" | "finish";
  readonly failpoint?: FailpointOrder | undefined;
  /** With how many messages waiting at a destination its producers pause. */
  readonly mostWaiting: number;
  readonly maximumMessagesInMemory: number;
  /** Logs are so short that there is often a fold going on. */
  readonly hasShortLogs: boolean;
  /** The numbers of the next messages, by destination and producer. */
  readonly next: Readonly<Record<string, number>>;
  /** Messages with ids of their own of which nobody knows whether they were accepted. */
  readonly again: readonly string[];
}

/** Reads what the parent has written into a file. */
export function readOrder<Order>(): Order {
  return JSON.parse(readFileSync(process.argv[2] as string, "utf8")) as Order;
}
