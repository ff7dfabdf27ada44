import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

// The rule of the tree: a message travels send -> bus -> destination -> queue -> worker -> listener -> reply, and value
// imports point along the journey, never back. `import type` is free: it is gone at run time.

const STATIONS = ["send", "bus", "destination", "queue", "worker", "listener", "reply"];
const GROUND = ["message", "statistics", "errors", "clock", "diagnostics", "validation", "store"];
/** May use everything; nothing but a test may use it. */
const TESTING = "testing";

const source = join(dirname(fileURLToPath(import.meta.url)), "..", "src");

interface SourceFile {
  /** Its path in src, with slashes. */
  readonly path: string;
  /** The folder that it belongs to; empty for index.ts. */
  readonly folder: string;
  readonly text: string;
  /** The text without comments. */
  readonly code: string;
}

interface Import {
  readonly from: SourceFile;
  /** What is imported, as a path in src, or as a name of a package. */
  readonly target: string;
  readonly isTypeOnly: boolean;
}

/** Takes comments out and leaves texts and the number of lines as they are. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (match, quoted: string | undefined) => quoted ?? match.replace(/[^\n]/g, " "),
  );
}

function readFiles(): SourceFile[] {
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const full = join(entry.parentPath, entry.name);
      const path = relative(source, full).split(sep).join("/");
      const text = readFileSync(full, "utf8");
      const folder = path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
      return { path, folder, text, code: withoutComments(text) };
    });
}

/** Every import and re-export, over several lines too; a dynamic import counts as one of values. */
function importsOf(from: SourceFile): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, isTypeOnly: boolean): void => {
    const target = specifier.startsWith(".")
      ? posix.join(posix.dirname(from.path), specifier)
      : specifier;
    found.push({ from, target, isTypeOnly });
  };
  const statements = /^\s*(import|export)\b([^;"'`]*?)\bfrom\s*["']([^"']+)["']/gm;
  for (const [, , clause = "", specifier = ""] of from.code.matchAll(statements)) {
    const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1];
    const onlyTypes =
      names !== undefined &&
      names
        .split(",")
        .filter((name) => name.trim() !== "")
        .every((name) => /^\s*type\s/.test(name));
    add(specifier, /^\s*type\s/.test(clause) || onlyTypes);
  }
  for (const [, specifier = ""] of from.code.matchAll(/^\s*import\s*["']([^"']+)["']/gm)) {
    add(specifier, false);
  }
  for (const [, specifier = ""] of from.code.matchAll(/\bimport\s*\(\s*["'`]([^"'`]+)["'`]/g)) {
    add(specifier, false);
  }
  return found;
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

/** Why an import breaks the rule; undefined if it does not. */
function faultOf({ from, target, isTypeOnly }: Import): string | undefined {
  if (target.startsWith("node:")) return undefined;
  if (!target.endsWith(".ts")) return "busline has no dependency at run time";
  const to = folderOf(target);
  if (target.startsWith("..")) return "leaves src";
  if (from.folder === TESTING || from.folder === to) return undefined;
  if (to === TESTING) return "imports what is for tests";
  if (from.folder === "") return undefined;
  if (to === "") return "imports the index";
  if (isTypeOnly || GROUND.includes(to)) return undefined;
  if (GROUND.includes(from.folder)) return "ground imports a station";
  return STATIONS.indexOf(to) > STATIONS.indexOf(from.folder) ? undefined : "points back";
}

const files = readFiles();
const imports = files.flatMap((file) => importsOf(file));

function sample(path: string, text: string): Import[] {
  return importsOf({ path, folder: folderOf(path), text, code: withoutComments(text) });
}

describe("architecture - the tree", () => {
  test("architecture - src holds the stations, the ground, the testing folder and the index", () => {
    const folders = new Set(files.map(({ folder }) => folder));
    expect([...folders].toSorted()).toEqual(["", ...STATIONS, ...GROUND, TESTING].toSorted());
    expect(files.filter(({ folder }) => folder === "").map(({ path }) => path)).toEqual([
      "index.ts",
    ]);
  });

  test("architecture - files are TypeScript, in kebab-case, in no sink for leftovers", () => {
    for (const { path } of files) {
      expect(path).toMatch(/^(?:[a-z]+\/)*[a-z]+(?:-[a-z]+)*\.ts$/);
      expect(path).not.toMatch(/(?:^|\/)(?:utils?|helpers?|types|common|misc)(?:\.ts|\/)/);
    }
  });

  test("architecture - no file is longer than 400 lines", () => {
    const long = files.filter(({ text }) => text.split("\n").length > 400);
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});

describe("architecture - value imports point along the journey of a message", () => {
  test("architecture - no import breaks the rule", () => {
    const faults = imports.flatMap((one) => {
      const fault = faultOf(one);
      return fault === undefined ? [] : [`${one.from.path} -> ${one.target}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  test("architecture - every file is read, and every import leads to a file", () => {
    const paths = new Set(files.map(({ path }) => path));
    const lost = imports.filter(({ target }) => target.endsWith(".ts") && !paths.has(target));
    expect(lost.map(({ from, target }) => `${from.path} -> ${target}`)).toEqual([]);
    // Were the reading broken, the rule above could not fail. Each `from "…"` of the sources has been seen.
    const clauses = files.flatMap(({ code }) => [...code.matchAll(/\bfrom "[^"]+";$/gm)]);
    expect(imports).toHaveLength(clauses.length);
    expect(imports.length).toBeGreaterThan(200);
    for (const station of STATIONS.slice(0, -1)) {
      expect(imports.some(({ from }) => from.folder === station)).toBe(true);
    }
  });

  test.each([
    ["queue/a.ts", `import { Bus } from "../bus/b.ts";`, "points back"],
    ["queue/a.ts", `import {\n  type A,\n  Bus,\n} from "../bus/b.ts";`, "points back"],
    ["queue/a.ts", `export { Bus } from "../bus/b.ts";`, "points back"],
    ["queue/a.ts", `export * from "../bus/b.ts";`, "points back"],
    ["queue/a.ts", `import "../bus/b.ts";`, "points back"],
    ["queue/a.ts", `const bus = await import("../bus/b.ts");`, "points back"],
    ["errors/a.ts", `import { Reply } from "../reply/b.ts";`, "ground imports a station"],
    ["message/a.ts", `import * as all from "../index.ts";`, "imports the index"],
    ["bus/a.ts", `import { Recorder } from "../testing/b.ts";`, "imports what is for tests"],
    ["bus/a.ts", `import type { Recorder } from "../testing/b.ts";`, "imports what is for tests"],
    ["bus/a.ts", `import { z } from "zod";`, "busline has no dependency at run time"],
    ["bus/a.ts", `import { z } from "../../elsewhere/b.ts";`, "leaves src"],
    ["queue/a.ts", `import type { Bus } from "../bus/b.ts";`, undefined],
    ["queue/a.ts", `import { type Bus, type Other } from "../bus/b.ts";`, undefined],
    ["queue/a.ts", `// import { Bus } from "../bus/b.ts";`, undefined],
    ["bus/a.ts", `import { Queue } from "../queue/b.ts";`, undefined],
    ["bus/a.ts", `import { Fault } from "../errors/b.ts";`, undefined],
    ["testing/a.ts", `import { Bus } from "../bus/b.ts";`, undefined],
  ])("architecture - the rule on %s: %s", (path, text, fault) => {
    const found = sample(path, text).map((one) => faultOf(one));
    expect(found[0]).toBe(fault);
  });
});

describe("architecture - D12: one owner of time, chance and files", () => {
  const OWNED = [
    /\bDate\.now\b/,
    /\bnew Date\(\s*\)/,
    /\b(?:set|clear)(?:Timeout|Interval)\b/,
    /\bsetImmediate\b/,
    /\bqueueMicrotask\b/,
    /\bperformance\b/,
    /\bnextTick\b/,
    /\bhrtime\b/,
    /\bMath\.random\b/,
    /\bAbortSignal\.timeout\b/,
    /["']node:(?:fs|timers|perf_hooks)(?:\/promises)?["']/,
  ];
  /** Turns of the event loop are real in tests, so their folder may ask for them. */
  const TURNS = /\bsetImmediate\b|\bqueueMicrotask\b/;

  function ownedIn({ folder, code }: Pick<SourceFile, "folder" | "code">): string[] {
    if (folder === "clock") return [];
    return code
      .split("\n")
      .filter((line) => OWNED.some((owned) => owned.test(line)))
      .filter((line) => folder !== TESTING || !TURNS.test(line))
      .map((line) => line.trim());
  }

  test("architecture - nobody but the clock asks the machine", () => {
    const found = files.flatMap((file) => ownedIn(file).map((line) => `${file.path}: ${line}`));
    expect(found).toEqual([]);
  });

  test("architecture - the clock does ask it: what is searched for is found", () => {
    const clock = files
      .filter(({ folder }) => folder === "clock")
      .flatMap(({ code }) => ownedIn({ folder: "elsewhere", code }));
    expect(clock.join("\n")).toMatch(/performance\b[\s\S]*Date\.now[\s\S]*setTimeout/);
    expect(
      ownedIn({ folder: "queue", code: 'import { readFile } from "node:fs/promises";' }),
    ).toHaveLength(1);
    expect(ownedIn({ folder: "testing", code: "setImmediate(resolve);" })).toEqual([]);
    expect(ownedIn({ folder: "testing", code: "setTimeout(resolve);" })).toHaveLength(1);
  });
});
