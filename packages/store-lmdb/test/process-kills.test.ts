import { describe, expect, test } from "vitest";
import { Dice } from "./dice.ts";
import { NumberedCommits } from "./numbered-commits.ts";
import { contentsAt, newFolder } from "./store-fixture.ts";
import { StoreProcess } from "./store-process.ts";

const isLong = process.env["BUSLINE_LONG"] !== undefined;
const KILLS = isLong ? 200 : 3;
const SEED = isLong ? Date.now() : 1;

/** Eight who commit, with a small log, so that there is always a fold going on; tells what has been acknowledged. */
const script = `
  import { LmdbStore } from "./src/lmdb-store.ts";
  await store.close();
  const folding = new LmdbStore(store.name, {}, { limits: { bytes: 1e6, changes: 30 } });
  await folding.open();
  const [last] = await folding.get(["last"]);
  let number = Number(last ?? 0);
  const drop = (key) => ({ key, value: undefined });
  const commitAll = async () => {
    for (;;) {
      const mine = (number += 1);
      const lastOne = { key: "last", value: Buffer.from(String(mine)) };
      const durability = mine % 3 === 0 ? "process" : "stable";
      await folding.commit([put("k/" + mine), lastOne, drop("k/" + (mine - 2))], durability);
      console.log(String(mine));
    }
  };
  for (let one = 0; one < 8; one += 1) commitAll();`;

describe("kills", { timeout: 900_000 }, () => {
  test("kill - a process that is killed in the midst of it all loses nothing", async () => {
    const folder = newFolder();
    const dice = new Dice(SEED);
    let count = 0;
    for (let kills = 0; kills < KILLS; kills += 1) {
      const child = new StoreProcess(folder, script);
      await child.told(String(count + 1 + dice.below(1_500)));
      await child.kill();
      const { lines } = await child.end();
      const acknowledged = Math.max(...lines.map(Number));
      const found = NumberedCommits.countIn(await contentsAt(folder));
      expect(found).toBeGreaterThanOrEqual(acknowledged);
      // Those that were on their way, and those whose lines were.
      expect(found).toBeLessThan(acknowledged + 1_000);
      count = found;
    }
    expect(count).toBeGreaterThan(KILLS);
  });
});
