import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** The folder of the repository. */
export const ROOT: string = path.resolve(import.meta.dirname, "..");

/** One Markdown page of the repository. */
export interface Page {
  /** Its path from the root of the repository, with `/`. */
  readonly file: string;
  readonly lines: readonly string[];
}

/** A fenced block of code. */
export interface CodeBlock {
  readonly language: string;
  /** The index of its first and behind its last line of code. */
  readonly from: number;
  readonly end: number;
  /** What an HTML comment directly before it says: `<!-- snippet: continues -->`. */
  readonly mark: string | undefined;
}

const FENCE = /^\s*```\s*(\S*)/;
const MARK = /^<!-- snippet: (.+) -->$/;

/** The pages for readers: those in the root, those of packages and examples, and all of `docs`. */
export function allPages(): Page[] {
  const workspaces = ["packages", "examples"].flatMap((parent) =>
    readdirSync(path.join(ROOT, parent)).map((name) => `${parent}/${name}`),
  );
  const files = [
    ...markdownIn(".", false),
    ...workspaces.flatMap((folder) => markdownIn(folder, false)),
    ...markdownIn("docs", true),
  ];
  return files.map((file) => readPage(file));
}

export function readPage(file: string): Page {
  return { file, lines: readFileSync(path.join(ROOT, file), "utf8").split("\n") };
}

/** The fenced blocks of a page, in order. */
export function codeBlocksOf({ lines }: Page): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { readonly language: string; readonly from: number } | undefined;
  for (const [at, line] of lines.entries()) {
    const fence = FENCE.exec(line);
    if (fence === null) continue;
    if (open === undefined) open = { language: fence[1] ?? "", from: at + 1 };
    else {
      blocks.push({ ...open, end: at, mark: markBefore(lines, open.from - 1) });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`A block of code that does not end, line ${open.from}`);
  return blocks;
}

/** The lines of a page with its code blocks and inline code blanked. */
export function proseOf(page: Page): string[] {
  const blocks = codeBlocksOf(page);
  return page.lines.map((line, at) => {
    const isCode = blocks.some(({ from, end }) => at >= from - 1 && at <= end);
    return isCode ? "" : line.replaceAll(/`[^`]*`/g, "");
  });
}

/** The lines between a heading of the second degree and the next one. */
export function sectionOf(page: Page, heading: string): string[] {
  const from = page.lines.indexOf(`## ${heading}`);
  if (from === -1) throw new Error(`${page.file} has no section "${heading}"`);
  const next = page.lines.findIndex((line, at) => at > from && line.startsWith("## "));
  return page.lines.slice(from + 1, next === -1 ? undefined : next);
}

/** What stands as code in the first column of the tables among the lines. */
export function rowNamesOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^\| `([^`]+)`/.exec(line)?.[1] ?? []);
}

function markdownIn(folder: string, recursive: boolean): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => path.posix.join(folder, name.replaceAll(path.sep, "/")));
}

function markBefore(lines: readonly string[], fenceAt: number): string | undefined {
  let at = fenceAt - 1;
  while (at >= 0 && lines[at]?.trim() === "") at -= 1;
  return MARK.exec(lines[at]?.trim() ?? "")?.[1];
}
