import { readFileSync } from "node:fs";

/** The system counts it in these. */
const TICK_MS = 10;
/** Where, behind the name of the program, the user's and the system's part stand. */
const PLACES = [13, 14] as const;

/**
 * The processor time of the processes that this one has started and seen end, in milliseconds. 0 where the system does
 * not tell, as others than Linux do not.
 */
export function childrenMs(): number {
  try {
    const text = readFileSync("/proc/self/stat", "utf8");
    // The name is in brackets and may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return PLACES.reduce((sum, place) => sum + Number(fields[place]), 0) * TICK_MS;
  } catch {
    return 0;
  }
}
