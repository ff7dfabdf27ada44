import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { type DurableQueueName, durableQueues } from "../peers/durable-queues.ts";
import { sendOrders } from "../probes/accept-rate.ts";
import { liveHeap } from "../probes/heap.ts";
import { whenProcessEnds } from "../probes/scratch-folder.ts";

const SENDERS = 1_000;
/** A process that nothing keeps alive would end by itself. */
const LONG_MS = 3_600_000;

/** What the process that sends tells. */
interface Filled {
  /** Live objects on its heap while all wait, in bytes. */
  readonly heap: number;
}

interface FillOptions {
  readonly name: DurableQueueName;
  readonly folder: string;
  readonly count: number;
}

/** Has another process send so many orders, and killed as soon as all have been accepted. */
export async function fillElsewhere(options: FillOptions): Promise<Filled> {
  const module = pathToFileURL(import.meta.filename).href;
  const program = `import { fill } from ${JSON.stringify(module)}; await fill(${JSON.stringify(options)});`;
  const filler = spawn(
    process.execPath,
    ["--expose-gc", "--input-type=module", "--eval", program],
    // In a group of its own, to be killed with all that it has started.
    { stdio: ["ignore", "pipe", "inherit"], detached: true },
  );
  const exited = once(filler, "exit");
  const kill = (): void => {
    if (filler.exitCode !== null || filler.signalCode !== null) return;
    if (process.platform === "win32") filler.kill("SIGKILL");
    else process.kill(-(filler.pid as number), "SIGKILL");
  };
  whenProcessEnds(kill);
  let told = "";
  for await (const text of filler.stdout.setEncoding("utf8")) {
    told += text as string;
    if (told.includes("\n")) break;
  }
  kill();
  await exited;
  if (!told.includes("\n")) throw new Error("The process that was to send has ended before it had");
  return JSON.parse(told) as Filled;
}

/**
 * What that process does. It goes on until it is killed.
 *
 * @public
 */
export async function fill({ name, folder, count }: FillOptions): Promise<void> {
  const open = await durableQueues[name]();
  const queue = await open(folder);
  await sendOrders(queue, SENDERS, count);
  await queue.settle?.();
  const pending = await queue.pendingCount();
  if (pending !== count) throw new Error(`${pending} lie there instead of ${count}`);
  console.log(JSON.stringify({ heap: liveHeap() } satisfies Filled));
  setInterval(() => undefined, LONG_MS);
}
