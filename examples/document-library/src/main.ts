import { opendir } from "node:fs/promises";
import path from "node:path";
import { parseArguments, usage, UsageError } from "./arguments.ts";
import { printable } from "./printable-path.ts";
import { INTERRUPTED, Session } from "./session.ts";
import { reasonOf } from "./unreadable-reason.ts";

const REPOSITORY = path.resolve(import.meta.dirname, "../../..");
const NOT_OURS = new Set(["node_modules", ".git", "dist", "coverage"]);
const BAD_USAGE = 2;

// Whoever reads the output may stop reading, as `head` does: then there is nothing left to say.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}

try {
  const { wantsHelp, folder, words, usesThreads } = parseArguments(process.argv.slice(2));
  if (wantsHelp) {
    console.log(usage);
  } else if (folder === undefined) {
    const task = { folder: REPOSITORY, excluded: NOT_OURS, words, usesThreads };
    process.exitCode = await new Session(task).run();
  } else {
    // npm changes to the folder of the package, and says where it was called.
    const resolved = path.resolve(process.env["INIT_CWD"] ?? "", folder);
    await refuseUnlessFolder(resolved);
    const task = { folder: resolved, excluded: new Set<string>(), words, usesThreads };
    process.exitCode = await new Session(task).run();
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`document-library: ${printable(error.message)} (--help shows the usage)`);
  process.exitCode = BAD_USAGE;
}

// After a second Ctrl-C a read may still go on.
if (process.exitCode === INTERRUPTED) process.stdout.write("", () => process.exit());

async function refuseUnlessFolder(folder: string): Promise<void> {
  try {
    await (await opendir(folder)).close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === "ENOENT"
        ? "there is no such folder"
        : code === "ENOTDIR"
          ? "it is not a folder"
          : reasonOf(error);
    throw new UsageError(`cannot read ${folder}: ${why}`);
  }
}
