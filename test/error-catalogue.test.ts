import * as busline from "busline";
import { describe, expect, test } from "vitest";
// Not part of the public surface: the list that the documentation is held to.
import { errorCatalogue } from "../packages/busline/src/errors/error-catalogue.ts";
import { readPage, rowNamesOf, sectionOf } from "./markdown.ts";
import { sources, sourcesIn } from "./sources.ts";

const CATALOGUE_FILE = "errors/error-catalogue.ts";
const CODE = /"(BUSLINE_[A-Z_]+)"/g;
/** The codes of process warnings, which are not errors. */
const WARNINGS = new Set(["BUSLINE_STORE_EXPOSED", "BUSLINE_STORE_TORN", "BUSLINE_WARNING"]);

const catalogued = Object.keys(errorCatalogue).toSorted();
const page = readPage("docs/reference/errors.md");
const table = sectionOf(page, "The catalogue");

describe("errors - catalogue", () => {
  test("errors - the union BuslineErrorCode and the catalogue are the same set", () => {
    const { text } = sourceOf(CATALOGUE_FILE);
    const union = /type BuslineErrorCode =([^;]+);/.exec(text)?.[1] ?? "";
    expect(codesIn(union)).toEqual(catalogued);
  });

  test("errors - the documentation and the catalogue are the same set, class for class", () => {
    expect(rowNamesOf(table).toSorted()).toEqual(catalogued);
    for (const [code, { errorClass, meaning }] of Object.entries(errorCatalogue)) {
      const row = table.find((line) => line.startsWith(`| \`${code}\``)) ?? "";
      const cells = row.split("|").map((cell) => cell.trim());
      expect({ code, errorClass: cells[2], meaning: cells[3] }).toEqual({
        code,
        errorClass: `\`${errorClass}\``,
        meaning,
      });
    }
  });

  test("errors - the sources raise every catalogued code, and no other", () => {
    const raised = [...sources, ...sourcesIn("store-lmdb")]
      .filter(({ file }) => file !== CATALOGUE_FILE)
      .flatMap(({ text }) => codesIn(withoutTypes(text)))
      .filter((code) => !WARNINGS.has(code));
    expect([...new Set(raised)].toSorted()).toEqual(catalogued);
  });

  test("errors - every class of the catalogue is exported under its own name", () => {
    const classes: Readonly<Record<string, unknown>> = { ...busline };
    for (const { errorClass } of Object.values(errorCatalogue)) {
      expect(classes).toHaveProperty(errorClass, expect.any(Function));
      const { prototype } = classes[errorClass] as { readonly prototype: unknown };
      expect(prototype).toBeInstanceOf(Error);
      expect(prototype).toHaveProperty("name", errorClass);
    }
  });
});

function sourceOf(wanted: string): { readonly text: string } {
  const found = sources.find(({ file }) => file === wanted);
  if (found === undefined) throw new Error(`There is no ${wanted}`);
  return found;
}

function codesIn(text: string): string[] {
  return [...new Set([...text.matchAll(CODE)].map(([, code = ""]) => code))].toSorted();
}

/** A code in a type is not raised: only what stands in an expression is. */
function withoutTypes(text: string): string {
  return text.replaceAll(/^export type [^;]+;/gm, "");
}
