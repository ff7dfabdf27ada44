import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allPages, codeBlocksOf, type Page, ROOT } from "./markdown.ts";

/** What a page shows as one program: a block and the blocks that continue it. */
interface Program {
  /** The page and the line where it starts. */
  readonly title: string;
  readonly fileName: string;
  readonly source: string;
  readonly isRun: boolean;
}

interface Ending {
  readonly exitCode: number;
  readonly output: string;
}

const LONGEST_RUN_MS = 60_000;
const programs = allPages().flatMap((page) => programsOf(page));
const endings = new Map<Program, Ending>();
// Inside node_modules, so that "busline" is found as every package of the workspace finds it.
const cache = path.join(ROOT, "node_modules", ".cache");
let folder: string;
let types: Ending;

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(path.join(cache, "docs-snippets-"));
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(tsconfig()));
  for (const { fileName, source } of programs) writeFileSync(path.join(folder, fileName), source);

  types = await run(["node_modules/typescript/bin/tsc", "-p", folder]);
  const waiting = programs.filter(({ isRun }) => isRun);
  const runNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const file = path.join(folder, next.fileName);
      endings.set(next, await run(["--conditions=@busline/source", "--import=tsx", file]));
    }
  };
  await Promise.all([runNext(), runNext()]);
}, 600_000);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("docs - snippets", () => {
  test("docs - shows code in languages that are known, so that no snippet is passed over", () => {
    const languages = allPages().flatMap((page) =>
      codeBlocksOf(page).map((block) => block.language),
    );
    expect([...new Set(languages)].toSorted()).toEqual(["sh", "text", "ts"]);
    expect(programs.length).toBeGreaterThan(20);
  });

  test("docs - every snippet is well typed under the strict settings", () => {
    expect(types.output).toBe("");
    expect(types.exitCode).toBe(0);
  });

  test.each(programs.filter(({ isRun }) => isRun))("docs - $title runs", (program) => {
    expect(endings.get(program)).toMatchObject({ exitCode: 0 });
  });
});

/** The programs of a page. A program keeps its place in the page, so that errors name the page's lines. */
function programsOf(page: Page): Program[] {
  const chains: { lines: string[]; readonly from: number; readonly isRun: boolean }[] = [];
  for (const { language, from, end, mark } of codeBlocksOf(page)) {
    if (language !== "ts") continue;
    if (mark !== undefined && mark !== "continues" && mark !== "type-only") {
      throw new Error(`${page.file}:${from}: unknown mark "${mark}"`);
    }
    const last = chains.at(-1);
    if (mark === "continues") {
      if (last === undefined) throw new Error(`${page.file}:${from}: nothing to continue`);
      last.lines = fill(last.lines, page, from, end);
    } else {
      chains.push({ lines: fill([], page, from, end), from, isRun: mark !== "type-only" });
    }
  }
  return chains.map(({ lines, from, isRun }) => ({
    title: `${page.file}:${from}`,
    fileName: `${page.file.replace(/\.md$/, "").replaceAll("/", "-")}-${from}.ts`,
    source: [...lines, "export {};", ""].join("\n"),
    isRun,
  }));
}

function fill(lines: readonly string[], page: Page, from: number, end: number): string[] {
  const blank = Array.from({ length: from - lines.length }, () => "");
  return [...lines, ...blank, ...page.lines.slice(from, end)];
}

function tsconfig(): object {
  return {
    extends: path.join(ROOT, "tsconfig.base.json"),
    compilerOptions: {
      noEmit: true,
      composite: false,
      declarationMap: false,
      // Snippets have no consumers who would need their declarations.
      isolatedDeclarations: false,
      typeRoots: [path.join(ROOT, "node_modules", "@types")],
    },
    files: programs.map(({ fileName }) => fileName),
  };
}

/** Runs Node in the root of the repository. */
function run(nodeArguments: readonly string[]): Promise<Ending> {
  return new Promise((resolve) => {
    const options = { cwd: ROOT, timeout: LONGEST_RUN_MS };
    const child = execFile(process.execPath, nodeArguments, options, (error, stdout, stderr) => {
      // A child that was killed has no exit code.
      resolve({ exitCode: error === null ? 0 : (child.exitCode ?? -1), output: stdout + stderr });
    });
  });
}
