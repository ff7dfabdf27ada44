import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { WorkerOptions } from "node:worker_threads";
import { InvalidConfigurationError } from "busline";
import type { ListenerOfModule } from "./module-listener.ts";

const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const program = new URL(`./thread-program.${extension}`, import.meta.url);

/** How a thread is started. Listeners whose settings have the same key can share one. */
export interface ThreadSettings {
  readonly key: string;
  readonly program: URL;
  readonly options: WorkerOptions;
}

/** Each is asked for with every message. */
const known = new WeakMap<ListenerOfModule, ThreadSettings>();

/** @throws {InvalidConfigurationError} the module is TypeScript, and nothing here can load that */
export function settingsOf(listener: ListenerOfModule): ThreadSettings {
  let settings = known.get(listener);
  if (settings === undefined) known.set(listener, (settings = findOut(listener)));
  return settings;
}

function findOut(listener: ListenerOfModule): ThreadSettings {
  const { url, env, argv, resourceLimits } = listener;
  const loader =
    isTypeScript(url) || isTypeScript(program.href) ? typeScriptLoader(url) : undefined;
  return {
    key: JSON.stringify([loader, env, argv, resourceLimits ?? {}]),
    program: loader === undefined ? program : programWith(loader),
    options: {
      env,
      argv: [...argv],
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
      ...execArgv(),
    },
  };
}

function isTypeScript(url: string): boolean {
  return /\.[cm]?tsx?$/u.test(new URL(url).pathname);
}

/** Node 22.18 and later strip types by themselves; before, tsx has to be installed. @returns where it is, if needed */
function typeScriptLoader(url: string): string | undefined {
  const { typescript } = process.features as { readonly typescript?: unknown };
  if (typescript === "strip" || typescript === "transform") return undefined;
  for (const from of [url, import.meta.url]) {
    try {
      // Its API for `require` lies in the same folder, and does not work for this.
      const forRequire = createRequire(from).resolve("tsx/esm/api");
      return new URL("index.mjs", pathToFileURL(forRequire)).href;
    } catch {
      // Not there.
    }
  }
  throw new InvalidConfigurationError({
    where: "moduleListener",
    attribute: "url",
    value: url,
    allowed: `JavaScript; for TypeScript, Node.js 22.18 or later, or tsx installed (this is ${process.version})`,
  });
}

/** A loader that the process was started with does not reach into its threads. */
function programWith(loader: string): URL {
  const lines = [
    `import { register } from ${JSON.stringify(loader)};`,
    "register();",
    // As if the program had been started itself.
    `process.argv.splice(1, 0, ${JSON.stringify(fileURLToPath(program))});`,
    `await import(${JSON.stringify(program.href)});`,
  ];
  return new URL(`data:text/javascript,${encodeURIComponent(lines.join("\n"))}`);
}

/** A program that was given as text says how to read it, which would be refused for a file. */
function execArgv(): { readonly execArgv?: string[] } {
  if (!process.execArgv.some((word) => word.startsWith("--input-type"))) return {};
  return { execArgv: process.execArgv.filter((word) => word.startsWith("--conditions=")) };
}
