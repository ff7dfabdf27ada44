import type { Message } from "busline";

/** What a busy listener is to do. */
export interface BusyCommand {
  readonly ends: "at once" | "later" | "by an error";
}

const BUSY_MS = 1;
let turnCount = 0;
countTurns();

function countTurns(): void {
  turnCount += 1;
  setImmediate(countTurns);
}

/** Keeps its thread busy, then tells how many turns the thread's event loop has had. */
export default function work({ payload }: Message<BusyCommand>): number | Promise<number> {
  const until = performance.now() + BUSY_MS;
  while (performance.now() < until);
  if (payload.ends === "by an error") throw new Error(String(turnCount));
  return payload.ends === "later" ? Promise.resolve(turnCount) : turnCount;
}
