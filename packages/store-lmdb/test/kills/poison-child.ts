// A program with a listener that does not survive one of its messages.
import { DestinationConfiguration, MessageBus } from "busline";
import { untilQuiet } from "busline/testing";
import { lmdbStore } from "../../src/index.ts";
import { tell } from "./child-event.ts";
import { readOrder } from "./child-order.ts";
import { lettersOf } from "./quiet-bus.ts";

/** What it is to do. */
export interface PoisonOrder {
  readonly folder: string;
  readonly type: "parallel" | "serial" | "keyed";
  /** Sent before anything starts. */
  readonly messages: readonly string[];
  /** How the poison ends the process; undefined: its listener can take it by now. */
  readonly end: "kill" | "exit" | undefined;
  /** Whether listeners take some time. */
  readonly isSlow: boolean;
}

const POISON = "poison";
const DEAD = "dead";

const order = readOrder<PoisonOrder>();
const bus = new MessageBus({
  store: lmdbStore(order.folder),
  onError: () => {},
  logger: { error: (_, text) => tell({ is: "problem", text }) },
});
const letters = DestinationConfiguration.createDeadLetterDestinationConfiguration;
bus.addDestination(letters(DEAD, { durable: true }));
const jobs = bus.addDestination<{ readonly message: string }>(
  new DestinationConfiguration(order.type, "jobs", { durable: true, deadLetter: DEAD }),
);
jobs.listen(
  async ({ payload: { message } }, { attempt }) => {
    tell({ is: "started", message, listener: "worker", attempt, hash: "" });
    if (message === POISON && order.end === "kill") process.kill(process.pid, "SIGKILL");
    if (message === POISON && order.end === "exit") process.exit(1);
    if (order.isSlow) await new Promise((resolve) => setTimeout(resolve, 50));
    tell({ is: "done", message, listener: "worker" });
  },
  { name: "worker" },
);

await bus.ready();
jobs.pause();
await Promise.all(
  order.messages.map(async (message) => {
    await jobs.send({ message }, { key: message });
    tell({ is: "accepted", message });
  }),
);
jobs.resume();
await untilQuiet(bus);
tell({ is: "quiet", counts: [], letters: await lettersOf(bus, DEAD) });
if (order.end === undefined) {
  const { redrivenCount } = await bus.deadLetters(DEAD).redrive();
  tell({ is: "redriven", count: redrivenCount });
  await untilQuiet(bus);
  tell({ is: "quiet", counts: [], letters: await lettersOf(bus, DEAD) });
}
await bus.close();
tell({ is: "closed", ms: 0 });
