import { bundleSize } from "../probes/bundle-size.ts";
import type { Sample, Scenario } from "../scenario.ts";

const modules = [
  "busline",
  "eventemitter3",
  "eventemitter2",
  "nanoevents",
  "mitt",
  "fastq",
  "p-queue",
  "p-limit",
  "async",
  "rxjs",
  "emittery",
  "effect",
  "@metamask/messenger",
  "@boringnode/bus",
  "@node-ts/bus-core",
  "moleculer",
  "@nestjs/cqrs",
] as const;

async function measureSize(module: string): Promise<Sample> {
  const { fileCount, ...sizes } = await bundleSize(module);
  return {
    metrics: { ...sizes, files: fileCount },
    arrived: fileCount > 0 ? 1 : 0,
    expected: 1,
  };
}

export const size: Scenario = {
  name: "start/size",
  topology: "start",
  title:
    "Bundles and minifies all that a package exports, with its dependencies, and compresses it.",
  metrics: {
    gzip: { title: "minified and compressed (gzip -9)", unit: "bytes", better: "less" },
    brotli: { title: "minified and compressed (brotli)", unit: "bytes", better: "less" },
    minified: { title: "minified", unit: "bytes", better: "less" },
    files: { title: "files in it", unit: "files", better: "less" },
  },
  mainMetric: "gzip",
  ours: ["busline"],
  limit: undefined,
  goals: [{ bar: 15_000, aim: 10_000 }],
  contenders: Object.fromEntries(modules.map((module) => [module, () => measureSize(module)])),
};
