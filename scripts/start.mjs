// Starts the document library from its TypeScript sources. It runs in this very process, so that
// Ctrl-C, the exit code and the terminal are its own.
import { ensureDependencies } from "./dependencies.mjs";

process.chdir(`${import.meta.dirname}/..`);
ensureDependencies();

const { register } = await import("tsx/esm/api");
register();
const main = new URL("../examples/document-library/src/main.ts", import.meta.url);
await import(main.href);
