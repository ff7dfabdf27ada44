import { MessageChannel, Worker } from "node:worker_threads";
import { ManualClock } from "busline/testing";
import { describe, expect, test } from "vitest";
import { Claims } from "../src/claims.ts";
import type { DeliverOrder, Order, ThreadData } from "../src/crossing.ts";
import { moduleListener } from "../src/index.ts";
import type { ListenerOfModule } from "../src/module-listener.ts";
import { type ReadReport, ReportInbox } from "../src/report-inbox.ts";
import { settingsOf } from "../src/thread-settings.ts";
import type { BusyCommand } from "./listeners/busy.ts";

const BUSY = new URL("./listeners/busy.ts", import.meta.url);
const COUNT = 200;
/** A turn comes after 4 ms, or, where the loop was between two of them, 8; each listener takes 1. */
const MOST_IN_A_TURN = 20;

/** A thread without a pool, with all of its orders in its port. */
async function reportsOf(command: BusyCommand): Promise<readonly ReadReport[]> {
  const { program, options } = settingsOf(moduleListener(BUSY) as ListenerOfModule);
  const { port1, port2 } = new MessageChannel();
  const claims = new Claims();
  const reports: ReadReport[] = [];
  const { promise, resolve } = deferred();
  const read = (report: ReadReport): void => {
    if (report.kind === "returned" || report.kind === "failed") reports.push(report);
    if (reports.length === COUNT) resolve();
  };
  const inbox = new ReportInbox(port1, new ManualClock(), read, () => false);
  const tell = (order: Order): void => port1.postMessage(order, []);
  tell({
    kind: "listener",
    number: 0,
    url: BUSY.href,
    exportName: "default",
    destinationName: "acme/busy",
  });
  for (let task = 0; task < COUNT; task += 1) {
    const response = [undefined, undefined] as const;
    const order: DeliverOrder = [claims.add(), task, 0, 1, `id ${task}`, 0, command, ...response];
    tell({ kind: "deliver", orders: [order] });
  }
  const workerData: ThreadData = { claims: claims.buffer, ends: inbox.ends.buffer, port: port2 };
  const worker = new Worker(program, { ...options, workerData, transferList: [port2] });
  await promise;
  await worker.terminate();
  inbox.close();
  return reports;
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function turnOf(report: ReadReport): number {
  if (report.kind === "returned") return Number(report.value);
  if (report.kind !== "failed" || !report.error.isError) throw new Error("No end");
  return Number(report.error.message);
}

describe("thread program", () => {
  test.each(["at once", "later", "by an error"] as const)(
    "thread - its event loop has its turns, however many messages wait, whose listeners end %s",
    async (ends) => {
      const inTurn = new Map<number, number>();
      for (const report of await reportsOf({ ends })) {
        const turn = turnOf(report);
        inTurn.set(turn, (inTurn.get(turn) ?? 0) + 1);
      }
      expect(Math.max(...inTurn.values())).toBeLessThan(MOST_IN_A_TURN);
    },
  );
});
