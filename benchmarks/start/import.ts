import path from "node:path";
import { measureStart } from "../probes/program-start.ts";
import type { Sample, Scenario } from "../scenario.ts";

/** By the contender's name, the program that imports it and delivers its first message. */
const programs: Readonly<Record<string, string>> = {
  "busline parallel": "busline-parallel",
  "busline synchronous": "busline-synchronous",
  "by hand": "by-hand",
  EventEmitter: "event-emitter",
  eventemitter3: "eventemitter3",
  mitt: "mitt",
  "fastq (callback)": "fastq",
  "p-queue": "p-queue",
  "async.queue": "async-queue",
  rxjs: "rxjs",
  emittery: "emittery",
  "effect Queue": "effect",
  "@metamask/messenger": "metamask",
  "@boringnode/bus": "boringnode",
  moleculer: "moleculer",
  "@nestjs/cqrs": "nest-cqrs",
};
const OURS = ["busline parallel", "busline synchronous"] as const;

async function measureImport(program: string): Promise<Sample> {
  const { difference, ...counts } = measureStart(fileOf(program), fileOf("empty"));
  const { wall, processor, empty } = difference;
  return { metrics: { start: wall, processor, empty }, ...counts };
}

function fileOf(program: string): string {
  return path.join(import.meta.dirname, "programs", `${program}.js`);
}

export const importScenario: Scenario = {
  name: "start/import",
  topology: "start",
  title:
    "Starts a program that imports the contender, registers a listener and sends it one message, until that is delivered; an empty program in turns with it.",
  metrics: {
    start: { title: "more than an empty program", unit: "ms", better: "less" },
    processor: { title: "processor time more than that", unit: "ms", better: "less" },
    empty: { title: "the empty program", unit: "ms", better: "less" },
  },
  mainMetric: "start",
  ours: OURS,
  limit: "by hand",
  limitTitle: "an array and a microtask, written in the program itself",
  goals: OURS.map((contender) => ({ contender, bar: 15, aim: 8 })),
  contenders: Object.fromEntries(
    Object.entries(programs).map(([name, program]) => [name, () => measureImport(program)]),
  ),
};
