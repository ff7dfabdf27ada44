import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dice } from "../dice.ts";
import { ChildPrograms } from "./child-programs.ts";
import { planCloses, planKills } from "./kill-plan.ts";
import { KillReport } from "./kill-report.ts";
import { KillRig } from "./kill-rig.ts";

const isLong = process.env["BUSLINE_LONG"] !== undefined;
const KILLS = isLong ? 200 : 12;
const CLOSES = 20;
const seed = Number(process.env["BUSLINE_SEED"] ?? Date.now() % 2 ** 31);
let programs: ChildPrograms;

beforeAll(async () => {
  programs = await ChildPrograms.make("bus-child");
});

afterAll(() => {
  programs.remove();
});

// A process that ends on Windows does so in its own way.
describe.skipIf(process.platform === "win32")("process", { timeout: 3_600_000 }, () => {
  test("process - that is killed again and again loses nothing that was accepted, and repeats next to nothing", async () => {
    const rig = new KillRig(programs, seed);
    await rig.run(planKills(KILLS, new Dice(seed)));
    const report = new KillReport(rig);
    console.log(`BUSLINE_SEED=${seed} repeats this.\n  ${report.text}`);
    expect(report.missed(KILLS)).toEqual([]);
    expect(report.faults, `see ${rig.folder}`).toEqual([]);
    rig.remove();
  });

  test("process - that is closed under load loses nothing and repeats nothing", async () => {
    const rig = new KillRig(programs, seed);
    await rig.run(planCloses(CLOSES, new Dice(seed)));
    const report = new KillReport(rig);
    console.log(`BUSLINE_SEED=${seed} repeats this.\n  ${report.text}`);
    expect(report.faults, `see ${rig.folder}`).toEqual([]);
    expect(report.duplicates).toBe(0);
    rig.remove();
  });
});
