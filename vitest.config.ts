import { defineConfig } from "vitest/config";

// The workspace's own packages are read from source, so tests need no build.
const conditions = ["@busline/source", "module", "node", "development|production"];

export default defineConfig(({ mode }) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "examples/*/test/**/*.test.ts",
      "benchmarks/test/**/*.test.ts",
      "test/**/*.test.ts",
    ],
    // `--mode long`: property tests read BUSLINE_LONG and run many more cases.
    ...(mode === "long" ? { env: { BUSLINE_LONG: "1" }, testTimeout: 600_000 } : {}),
    typecheck: {
      enabled: true,
      include: ["packages/*/test/**/*.test-d.ts"],
      tsconfig: "tsconfig.test.json",
      ignoreSourceErrors: true, // test:types reports those
    },
    coverage: {
      provider: "v8",
      include: ["packages/busline/src/**/*.ts"],
      reporter: [["text", { skipFull: true }]],
      thresholds: { lines: 100 },
    },
  },
}));
