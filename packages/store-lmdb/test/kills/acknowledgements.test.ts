import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import { type AcknowledgementCheck, checkAcknowledgements } from "./acknowledgement-check.ts";
import type { AcknowledgingOrder } from "./acknowledging-child.ts";
import type { ChildEvent } from "./child-event.ts";
import { ChildProcess } from "./child-process.ts";
import { ChildPrograms } from "./child-programs.ts";
import { readSystemCalls, SystemCallReader } from "./system-calls.ts";

const isLong = process.env["BUSLINE_LONG"] !== undefined;
const ALONE: AcknowledgingOrder = {
  folder: "",
  senders: 1,
  messages: 200,
  isHasty: false,
  syncs: 0,
};
const MANY = { ...ALONE, senders: 64, messages: isLong ? 20_000 : 2_000 };
/** How many more acknowledgements than syncs there may be, by the noise of the machine. */
const NOISE = 1.3;
/** Where a sync takes less than that, it does not wait for a disk. */
const MOST_SYNCS_PER_SECOND = 20_000;
const TRACE = "strace -f -y -qq -s 1000000 -e signal=none -e trace=write,pwrite64,fdatasync,fsync";

const folder = mkdtempSync(path.join(tmpdir(), "busline-acknowledgements-"));
let programs: ChildPrograms;

beforeAll(async () => {
  programs = await ChildPrograms.make("acknowledging-child");
});

afterAll(() => {
  programs.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function paceOf(order: AcknowledgingOrder): Promise<Extract<ChildEvent, { is: "paced" }>> {
  const command = programs.command("acknowledging-child");
  const child = new ChildProcess<ChildEvent>(command, { ...order, folder: newStore() });
  const paced = await child.told((event) => event.is === "paced");
  expect(await child.ended).toMatchObject({ code: 0, said: "" });
  return paced;
}

async function traced(
  order: AcknowledgingOrder,
  { skip }: TestContext,
): Promise<AcknowledgementCheck> {
  const trial = spawnSync("strace", ["-f", "-o", path.join(folder, "trial"), "true"]);
  if (trial.status !== 0) skip("strace is not there, or may not trace");
  const store = newStore();
  const trace = path.join(store, "../trace");
  const [strace = "", ...words] = TRACE.split(" ");
  const command = [...words, "-o", trace, ...programs.command("acknowledging-child")];
  const child = new ChildProcess<ChildEvent>([strace, ...command], { ...order, folder: store });
  expect(await child.ended).toMatchObject({ code: 0 });
  return checkAcknowledgements(await readSystemCalls(trace));
}

function newStore(): string {
  const store = path.join(mkdtempSync(path.join(folder, "run-")), "store");
  mkdirSync(store);
  return store;
}

describe.skipIf(process.platform !== "linux")("acknowledgement", { timeout: 600_000 }, () => {
  test("acknowledgement - comes after a sync of what was written before: one who sends", async (context) => {
    const { acknowledgements, faults, syncs } = await traced(ALONE, context);
    console.log(`1 sender: ${acknowledgements} acknowledgements, ${syncs} syncs`);
    expect(faults).toEqual([]);
    expect(acknowledgements).toBe(ALONE.messages);
    // Nobody else is there to share one with.
    expect(syncs).toBe(ALONE.messages);
  });

  test("acknowledgement - comes after a sync of what was written before: many who share it", async (context) => {
    const { acknowledgements, faults, syncs } = await traced(MANY, context);
    console.log(`64 senders: ${acknowledgements} acknowledgements, ${syncs} syncs`);
    expect(faults).toEqual([]);
    expect(acknowledgements).toBe(MANY.messages);
    expect(syncs).toBeLessThan(MANY.messages / 4);
  });

  test("acknowledgement - without a sync is found", async (context) => {
    const { acknowledgements, faults } = await traced({ ...ALONE, isHasty: true }, context);
    expect(acknowledgements).toBe(ALONE.messages);
    // One may have been synced for another reason, such as the end of a log.
    expect(faults.length).toBeGreaterThan(ALONE.messages * 0.9);
    expect(faults[0]).toMatch(/^m\d{6}m: no sync between its record and line \d+$/u);
  });

  test("acknowledgement - comes no more often than the disk can sync, to one who sends", async ({
    skip,
  }) => {
    const { perSecond, syncsPerSecond } = await paceOf({ ...ALONE, messages: 400, syncs: 200 });
    const text = `${Math.round(perSecond)} acknowledgements and ${Math.round(syncsPerSecond)} syncs a second`;
    console.log(text);
    if (syncsPerSecond > MOST_SYNCS_PER_SECOND) skip("syncs do not wait for a disk here");
    expect(perSecond, `missing fsync: ${text}`).toBeLessThan(NOISE * syncsPerSecond);
  });
});

describe("trace", () => {
  const log = "/store/log-0000000001";
  const record = `10 pwrite64(20<${log}>, "..m000001m..", 12, 0) = 12`;
  const told =
    '10 write(3<socket:[7]>, "{\\"is\\":\\"accepted\\",\\"message\\":\\"m000001m\\"}\\n", 9) = 9';
  const begun = `11 fdatasync(20<${log}> <unfinished ...>`;
  const ended = "11 <... fdatasync resumed>) = 0";

  function faultsOf(...lines: string[]): readonly string[] {
    const reader = new SystemCallReader();
    for (const line of lines) reader.read(line);
    return checkAcknowledgements(reader.calls).faults;
  }

  test("trace - a sync counts from the end of the record to the beginning of the acknowledgement", () => {
    expect(faultsOf(record, begun, ended, told)).toEqual([]);
    expect(faultsOf(record, `11 fsync(20<${log}>) = 0`, told)).toEqual([]);
    const missing = [expect.stringContaining("no sync between its record and line")];
    expect(faultsOf(record, told)).toEqual(missing);
    expect(faultsOf(begun, record, ended, told)).toEqual(missing);
    expect(faultsOf(record, begun, told, ended)).toEqual(missing);
    expect(faultsOf(record, `11 fdatasync(21</store/log-0000000002>) = 0`, told)).toEqual(missing);
    expect(faultsOf(record, begun, "11 <... fdatasync resumed>) = -1 EIO", told)).toEqual(missing);
  });

  test("trace - an acknowledgement without a record, or before it has been written, is found", () => {
    const missing = ["m000001m: was not written to a log before"];
    expect(faultsOf(begun, ended, told)).toEqual(missing);
    const writing = `10 pwrite64(20<${log}>, "..m000001m..", 12, 0 <unfinished ...>`;
    const written = "10 <... pwrite64 resumed>) = 12";
    const elsewhere = told.replace("10", "12");
    expect(faultsOf(writing, elsewhere, written)).toEqual(missing);
    expect(faultsOf(writing, begun, written, ended, elsewhere)).toHaveLength(1);
    expect(faultsOf(writing, written, begun, ended, elsewhere)).toEqual([]);
  });
});
