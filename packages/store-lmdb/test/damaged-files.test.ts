import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import assert from "node:assert/strict";
import { StoreError } from "busline";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nodeFiles } from "../src/file-operations.ts";
import { Dice } from "./dice.ts";
import { Gate } from "./gate.ts";
import { InlineEngine } from "./inline-engine.ts";
import { contentsAt, copyOf, errorOf, logsIn, newFolder, openStore, put } from "./store-fixture.ts";

const MUTANTS = process.env["BUSLINE_LONG"] === undefined ? 200 : 3_000;
const SEED = process.env["BUSLINE_LONG"] === undefined ? 7 : Date.now();
const COMMITS = 60;

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

function keyOf(number: number): string {
  return `k/${String(number).padStart(3, "0")}`;
}

/** A store that has been closed, or one that was killed while LMDB took over the first of two logs. */
async function storeThatWas(state: "closed" | "killed"): Promise<string> {
  const gate = new Gate();
  const startEngine = (real: string): InlineEngine => {
    const engine = new InlineEngine(real, nodeFiles);
    if (state === "killed") engine.beforeFold = gate.pass;
    return engine;
  };
  const limits = { bytes: Infinity, changes: COMMITS / 2 };
  const store = await openStore(newFolder(), { limits, startEngine });
  for (let number = 0; number < COMMITS; number += 1) {
    const text = `${number} `.repeat(number * (number % 5 === 0 ? 50 : 1));
    await store.commit([put(keyOf(number), text)], "stable");
  }
  const killed = copyOf(store.name);
  gate.open();
  await store.close();
  if (state === "closed") return copyOf(store.name);
  expect(logsIn(killed)).toHaveLength(2);
  return killed;
}

/** One change of a file that no program makes. */
type Mutation = (file: string, dice: Dice) => void;

const mutations: Readonly<Record<string, Mutation>> = {
  "a bit flipped": (file, dice) => {
    change(file, (bytes) => {
      if (bytes.length > 0) bytes[dice.below(bytes.length)]! ^= 1 << dice.below(8);
    });
  },
  "a file cut off": (file, dice) => {
    change(file, (bytes) => bytes.subarray(0, dice.below(bytes.length)));
  },
  "a block of zeros": (file, dice) => {
    change(file, (bytes) => {
      const at = 512 * dice.below(bytes.length / 512);
      bytes.subarray(at, at + (dice.below(2) === 0 ? 512 : 4096)).fill(0);
    });
  },
  "two blocks swapped": (file, dice) => {
    change(file, (bytes) => {
      const one = 512 * dice.below(bytes.length / 512);
      const other = 512 * dice.below(bytes.length / 512);
      const kept = Buffer.from(bytes.subarray(one, one + 512));
      bytes.copy(bytes, one, other, other + 512);
      kept.copy(bytes, other);
    });
  },
  "a file missing": (file) => rmSync(file),
  "a file twice": (file) => {
    const next = file.replace(/\d{10}$/u, (number) => String(Number(number) + 1).padStart(10, "0"));
    if (next !== file) copyFileSync(file, next);
  },
};

function change(file: string, mutate: (bytes: Buffer) => Buffer | void): void {
  const bytes = readFileSync(file);
  writeFileSync(file, mutate(bytes) ?? bytes);
}

describe("damaged files", { timeout: 600_000 }, () => {
  test.each(["closed", "killed"] as const)(
    "damage - a store that was %s has everything, or says what it lacks, or is refused",
    async (state) => {
      const original = await storeThatWas(state);
      const complete = await contentsAt(copyOf(original));
      expect(Object.keys(complete)).toHaveLength(COMMITS);
      const dice = new Dice(SEED);
      const outcomes = { complete: 0, said: 0, refused: 0 };
      for (let number = 0; number < MUTANTS; number += 1) {
        const folder = copyOf(original);
        const names = readdirSync(folder);
        const name = names[dice.below(names.length)] as string;
        const kinds = Object.keys(mutations);
        const kind = kinds[dice.below(kinds.length)] as string;
        mutations[kind]?.(path.join(folder, name), dice);
        vi.mocked(process.emitWarning).mockClear();
        const what = `seed ${SEED}, number ${number}: ${kind}, in ${name}`;
        const outcome = await outcomeOf(folder, complete, what);
        outcomes[outcome] += 1;
        assert.ok(!existsSync(path.join(folder, "lock")), what);
        rmSync(folder, { recursive: true });
      }
      expect(outcomes.complete).toBeGreaterThan(0);
      expect(outcomes.refused).toBeGreaterThan(MUTANTS / 4);
    },
  );
});

async function outcomeOf(
  folder: string,
  complete: Readonly<Record<string, string>>,
  what: string,
): Promise<"complete" | "said" | "refused"> {
  const opening = contentsAt(folder);
  const refusal = await errorOf(opening);
  if (refusal !== undefined) {
    assert.ok(refusal instanceof StoreError, what);
    assert.match(refusal.code, /^BUSLINE_STORE_(?:DAMAGED|VERSION)$/u, what);
    assert.ok(refusal.message.includes(folder), what);
    return "refused";
  }
  const found = await opening;
  if (Object.keys(found).length === COMMITS) {
    assert.deepEqual(found, complete, what);
    return "complete";
  }
  assert.ok(vi.mocked(process.emitWarning).mock.calls.length > 0, what);
  for (const [key, text] of Object.entries(found)) assert.equal(text, complete[key], what);
  return "said";
}
