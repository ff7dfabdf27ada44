import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "./markdown.ts";

/** One source file of the package `busline`. */
export interface SourceFile {
  /** Its path from `packages/busline/src`. */
  readonly file: string;
  readonly text: string;
}

const FOLDER = path.join(ROOT, "packages", "busline", "src");

export const sources: readonly SourceFile[] = readdirSync(FOLDER, {
  recursive: true,
  encoding: "utf8",
})
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({
    file: file.replaceAll(path.sep, "/"),
    text: readFileSync(path.join(FOLDER, file), "utf8"),
  }));

/** The exported interfaces of all sources by name, each with the names of its own readonly fields. */
export function interfaceFields(): Map<string, string[]> {
  const interfaces = new Map<string, string[]>();
  for (const { text } of sources) {
    for (const [, name = "", body = ""] of text.matchAll(
      /^export interface (\w+)[^{]*\{\n(.*?)^\}/gms,
    )) {
      const fields = [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??: /gm)];
      interfaces.set(
        name,
        fields.map(([, field = ""]) => field),
      );
    }
  }
  return interfaces;
}
