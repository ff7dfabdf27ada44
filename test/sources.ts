import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "./markdown.ts";

/** One source file of a package. */
export interface SourceFile {
  /** Its path from the `src` of its package. */
  readonly file: string;
  readonly text: string;
}

/** Those of a package. */
export function sourcesIn(name: string): readonly SourceFile[] {
  const folder = path.join(ROOT, "packages", name, "src");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({
      file: file.replaceAll(path.sep, "/"),
      text: readFileSync(path.join(folder, file), "utf8"),
    }));
}

export const sources: readonly SourceFile[] = sourcesIn("busline");

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
