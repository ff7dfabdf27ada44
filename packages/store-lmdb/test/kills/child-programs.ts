import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = fileURLToPath(new URL(".", import.meta.url));
const packageFolder = path.resolve(here, "../..");

/**
 * Programs of this folder, each made into one file, as the packages are: from its sources a child would take two seconds to
 * start on Node.js 20, six times as long.
 */
export class ChildPrograms {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param names those of their files, without the ending */
  static async make(...names: string[]): Promise<ChildPrograms> {
    const folder = mkdtempSync(path.join(tmpdir(), "busline-kills-programs-"));
    const build = await rolldown({
      input: {
        ...Object.fromEntries(names.map((name) => [name, path.join(here, `${name}.ts`)])),
        // The program of the store's thread is looked for beside the store.
        "engine-program": path.join(packageFolder, "src/engine-program.ts"),
      },
      platform: "node",
      external: /^(?:node:|(?:croner|lmdb)$)/u,
      resolve: { conditionNames: ["@busline/source", "import", "node", "default"] },
    });
    await build.write({ dir: folder, format: "esm", sourcemap: true });
    await build.close();
    symlinkSync(
      path.resolve(packageFolder, "../../node_modules"),
      path.join(folder, "node_modules"),
      "junction",
    );
    return new ChildPrograms(folder);
  }

  /** What runs a program. */
  command(name: string): [string, ...string[]] {
    return [process.execPath, "--enable-source-maps", path.join(this.#folder, `${name}.js`)];
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
