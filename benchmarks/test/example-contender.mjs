// Stands in for the entry that runs a contender: its second word says how it behaves.
const right = { metrics: { rate: 2 }, arrived: 3, expected: 3, processorMs: 1 };
const [, contender = ""] = process.argv.slice(2);

/** @type {Record<string, () => unknown>} */
const behaviours = {
  right: () => right,
  gc: () => ({ ...right, arrived: typeof globalThis.gc === "function" ? 3 : 0 }),
  tiny: () => ({ ...right, arrived: process.env["BUSLINE_BENCH_TINY"] === "1" ? 3 : 0 }),
  wrong: () => ({ ...right, arrived: 2 }),
  undeclared: () => ({ ...right, metrics: { rate: 2, speed: 1 } }),
  incomplete: () => ({ ...right, metrics: {} }),
  endless: () => ({ ...right, metrics: { rate: Infinity } }),
  failing: () => {
    console.error("some reason");
    process.exit(1);
  },
};
console.log("a peer says something");
const behaviour = behaviours[contender];
console.log(behaviour === undefined ? "nothing" : JSON.stringify(behaviour()));
