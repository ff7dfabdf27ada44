import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const built = fileURLToPath(new URL("../packages/busline/dist/index.js", import.meta.url));
/** Up to so much byte code V8 inlines a function into others: see docs/decisions/45-one-piece.md. */
const INLINED = 460;

/** A queue and a sender's turn, so that what is asked for is compiled. */
const program = `
  const { DestinationConfiguration, MessageBus } = await import("${pathToFileURL(built).href}");
  const bus = new MessageBus();
  for (const type of ["serial", "synchronous"]) {
    const destination = bus.addDestination(new DestinationConfiguration(type, "acme/" + type));
    destination.listen(() => {});
    for (let number = 0; number < 100; number += 1) destination.send(number);
  }
  await new Promise((resolve) => setImmediate(resolve));
  await bus.close();`;

// `npm test` has built it; one that runs a few tests only may not have.
test.runIf(existsSync(built)).each(["carryOn", "carryInTurn"])(
  "build - %s is too long to be inlined into others",
  (name) => {
    const flags = ["--print-bytecode", `--print-bytecode-filter=${name}`];
    const options = { encoding: "utf8", maxBuffer: Number.POSITIVE_INFINITY } as const;
    const printed = execFileSync(
      process.execPath,
      [...flags, "--input-type=module", "--eval", program],
      options,
    );
    const lengths = [...printed.matchAll(/Bytecode length: (\d+)/g)].map(([, length]) =>
      Number(length),
    );
    expect(lengths).toHaveLength(1);
    expect(lengths[0]).toBeGreaterThan(INLINED);
  },
);
