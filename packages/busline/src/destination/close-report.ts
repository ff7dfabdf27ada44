import { Message } from "../message/message.ts";
import type { Delivery } from "../worker/delivery.ts";
import {
  dropPutOff,
  forceClose,
  interruptAll,
  purge,
  takeBackUnbegun,
} from "../worker/dropped-messages.ts";
import type { DestinationCore } from "./destination-core.ts";

/** What was not delivered when a destination or a bus was closed. What is durable stays in the store, and is not here. */
export interface CloseReport {
  /** Accepted messages that no listener began with. */
  readonly undelivered: readonly Message[];
  /** Messages whose listeners were running at the deadline; their `context.signal` has been aborted. */
  readonly interrupted: readonly Message[];
}

/** What a destination that ends leaves behind. */
export interface Leftovers {
  readonly undelivered: readonly Message[];
  readonly interrupted: readonly Delivery[];
}

/** To be called when all have ended that could be: whether a listener elsewhere had begun is known only then. */
export function reportOf(all: readonly Leftovers[]): CloseReport {
  const undelivered = all.flatMap((one) => one.undelivered);
  const interrupted: Message[] = [];
  for (const { message, hasNotBegun } of all.flatMap((one) => one.interrupted)) {
    if (!hasNotBegun) interrupted.push(message);
    else if (Message.extrasOf(message).record === undefined) undelivered.push(message);
  }
  return Object.freeze({
    undelivered: Object.freeze(undelivered),
    interrupted: Object.freeze(interrupted),
  });
}

/** Drops messages that are put off for longer than that: a close does not wait for them. */
export function dropLate({ durable, pool }: DestinationCore, durationMs: number): Leftovers {
  const isLost = pool !== undefined && durable === undefined;
  return { undelivered: isLost ? dropPutOff(pool, durationMs) : [], interrupted: [] };
}

/** What a destination keeps is lost with it. */
export function dropKept({ deadLetters, durable, pool, type }: DestinationCore): Leftovers {
  deadLetters?.wake();
  durable?.start.release();
  const isLost = pool !== undefined && type.isHolding === true && durable === undefined;
  return { undelivered: isLost ? purge(pool, "closed") : [], interrupted: [] };
}

/** Drops what waits, interrupts what runs. */
export function endAll(core: DestinationCore, error: unknown): Leftovers {
  core.deadLetters?.wake();
  core.durable?.start.release();
  core.waiters.refuseAll(error);
  const { undelivered, interrupted } = endPool(core, error);
  const inTurn = [...(core.inTurn ?? [])];
  for (const delivery of inTurn) {
    delivery.isInterrupted = true;
    delivery.interrupt(error);
  }
  core.checkIdle();
  return { undelivered, interrupted: [...interrupted, ...inTurn] };
}

function endPool({ durable, pool }: DestinationCore, error: unknown): Leftovers {
  if (pool === undefined) return { undelivered: [], interrupted: [] };
  if (durable === undefined) return forceClose(pool, error);
  durable.attempts.takeBack(takeBackUnbegun(pool, "pending"));
  return { undelivered: [], interrupted: interruptAll(pool, error) };
}
