import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { WorkerOptions } from "node:worker_threads";

const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const program = new URL(`./engine-program.${extension}`, import.meta.url);

/** How the program of the store's thread is started. Only those who work on busline itself run it from its sources. */
export function engineProgram(): URL {
  const { typescript } = process.features as { readonly typescript?: unknown };
  const isUnderstood = extension === "js" || typescript === "strip" || typescript === "transform";
  return isUnderstood ? program : programWithLoader();
}

/**
 * The thread has no use for what the process was started with, and may not run it: neither modules that it was told to load
 * first, nor a way to read programs that were given as text.
 */
export function engineThreadOptions(): WorkerOptions {
  const kept = process.execArgv.filter((word) => !word.startsWith("--input-type"));
  return { env: {}, execArgv: extension === "js" ? [] : kept };
}

/** A loader that the process was started with does not reach into its threads. */
function programWithLoader(): URL {
  // Its API for `require` lies in the same folder, and does not work for this.
  const forRequire = createRequire(import.meta.url).resolve("tsx/esm/api");
  const loader = new URL("index.mjs", pathToFileURL(forRequire)).href;
  const lines = [
    `import { register } from ${JSON.stringify(loader)};`,
    "register();",
    // As if the program had been started itself.
    `process.argv.splice(1, 0, ${JSON.stringify(fileURLToPath(program))});`,
    `await import(${JSON.stringify(program.href)});`,
  ];
  return new URL(`data:text/javascript,${encodeURIComponent(lines.join("\n"))}`);
}
