import type { Message } from "../message/message.ts";
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

/** Drops messages that are put off for longer than that: a close does not wait for them. */
export function dropLate({ durable, pool }: DestinationCore, durationMs: number): CloseReport {
  const isLost = pool !== undefined && durable === undefined;
  return { undelivered: isLost ? dropPutOff(pool, durationMs) : [], interrupted: [] };
}

/** What a destination keeps is lost with it. */
export function dropKept({ deadLetters, durable, pool, type }: DestinationCore): CloseReport {
  deadLetters?.wake();
  durable?.start.release();
  const isLost = pool !== undefined && type.isHolding === true && durable === undefined;
  return { undelivered: isLost ? purge(pool, "closed") : [], interrupted: [] };
}

/** Drops what waits, interrupts what runs. */
export function endAll(core: DestinationCore, error: unknown): CloseReport {
  core.deadLetters?.wake();
  core.durable?.start.release();
  core.waiters.refuseAll(error);
  const report = endPool(core, error);
  for (const delivery of core.inTurn ?? []) {
    delivery.isInterrupted = true;
    delivery.interrupt(error);
    report.interrupted.push(delivery.message);
  }
  core.checkIdle();
  return report;
}

function endPool(
  { durable, pool }: DestinationCore,
  error: unknown,
): { undelivered: Message[]; interrupted: Message[] } {
  if (pool === undefined) return { undelivered: [], interrupted: [] };
  if (durable === undefined) return forceClose(pool, error);
  durable.attempts.takeBack(takeBackUnbegun(pool, "pending"));
  return { undelivered: [], interrupted: interruptAll(pool, error) };
}
