import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { allPages, type Page, proseOf, readPage, ROOT } from "./markdown.ts";

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
const ELSEWHERE = /^(?:https|mailto):/;
const HEADING = /^#{1,6} (.+)$/;
/** A path inside a code span, such as `queue/fifo-queue.ts`, by the folders of the sources. */
const SOURCE_FILE = /`((?:[a-z-]+\/)*[a-z-]+\.ts)`/g;

const pages = allPages();

describe("docs - links", () => {
  test.each(pages)("docs - the links of $file lead somewhere", (page) => {
    expect(linksOf(page).filter((target) => !leadsSomewhere(page, target))).toEqual([]);
  });

  test("docs - the index names every page", () => {
    const index = readPage("docs/README.md");
    const linked = new Set(linksOf(index).map((target) => path.posix.join("docs", target)));
    const inDocs = pages.map(({ file }) => file).filter((file) => file.startsWith("docs/"));
    expect(inDocs.filter((file) => !linked.has(file))).toEqual(["docs/README.md"]);
  });

  test("docs - the architecture names only source files that exist", () => {
    const text = readPage("ARCHITECTURE.md").lines.join("\n");
    const named = [...text.matchAll(SOURCE_FILE)].map(([, file = ""]) => file);
    expect(named.length).toBeGreaterThan(20);
    const sources = ["busline", "threads"].map((name) => path.join(ROOT, "packages", name, "src"));
    const isThere = (file: string): boolean =>
      sources.some((folder) => existsSync(path.join(folder, file)));
    expect(named.filter((file) => !isThere(file))).toEqual([]);
  });

  test("docs - a package's page has no relative links, which a registry cannot follow", () => {
    const ofPackages = pages.filter(({ file }) => file.startsWith("packages/"));
    expect(ofPackages.length).toBeGreaterThan(0);
    expect(ofPackages.flatMap((page) => linksOf(page).filter((to) => !ELSEWHERE.test(to)))).toEqual(
      [],
    );
  });
});

function linksOf(page: Page): string[] {
  return [...proseOf(page).join("\n").matchAll(LINK)].map(([, target = ""]) => target);
}

function leadsSomewhere(page: Page, target: string): boolean {
  if (ELSEWHERE.test(target)) return true;
  const [file = "", anchor] = target.split("#");
  const wanted = file === "" ? page.file : path.posix.join(path.posix.dirname(page.file), file);
  if (!existsSync(path.join(ROOT, wanted))) return false;
  return anchor === undefined || anchorsOf(readPage(wanted)).includes(anchor);
}

/** The anchors that a reader's browser finds, made out of the headings as the usual hosts make them. */
function anchorsOf(page: Page): string[] {
  const seen = new Map<string, number>();
  return page.lines.flatMap((line) => {
    const title = HEADING.exec(line)?.[1];
    if (title === undefined) return [];
    const slug = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return [count === 0 ? slug : `${slug}-${count}`];
  });
}
