import { execFileSync } from "node:child_process";
import { median } from "./median.ts";
import { sizeOf } from "./size-of.ts";

const REPETITIONS = sizeOf(15);

/** What `tellDelivered` of a program writes. */
interface ProgramStart {
  /** Milliseconds from the start of the process. */
  readonly deliveredAt: number;
  /** Milliseconds of processor time, of all threads. */
  readonly processorMs: number;
  readonly payload: number;
}

/** How much longer a program takes to its first delivery than an empty one to its first line, in milliseconds. */
interface StartDifference {
  readonly wall: number;
  readonly processor: number;
  /** What the empty program takes. */
  readonly empty: number;
}

export interface MeasuredStart {
  readonly difference: StartDifference;
  /** What the programs' listeners have received, of one each time. */
  readonly arrived: number;
  readonly expected: number;
}

/** Starts both programs, each time in a fresh process, now the one first and now the other; medians. */
export function measureStart(program: string, empty: string): MeasuredStart {
  startProgram(empty);
  startProgram(program);
  const differences: StartDifference[] = [];
  let arrived = 0;
  for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
    const isEmptyFirst = repetition % 2 === 0;
    const one = startProgram(isEmptyFirst ? empty : program);
    const other = startProgram(isEmptyFirst ? program : empty);
    const [bare, full] = isEmptyFirst ? [one, other] : [other, one];
    differences.push({
      wall: full.deliveredAt - bare.deliveredAt,
      processor: full.processorMs - bare.processorMs,
      empty: bare.deliveredAt,
    });
    arrived += full.payload;
  }
  return {
    difference: {
      wall: median(differences.map(({ wall }) => wall)),
      processor: median(differences.map(({ processor }) => processor)),
      empty: median(differences.map(({ empty: bare }) => bare)),
    },
    arrived,
    expected: REPETITIONS,
  };
}

function startProgram(file: string): ProgramStart {
  return JSON.parse(execFileSync(process.execPath, [file], { encoding: "utf8" })) as ProgramStart;
}
