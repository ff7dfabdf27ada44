import { opendir } from "node:fs/promises";
import path from "node:path";
import { StoreError } from "busline";
import { type Arguments, parseArguments, usage, UsageError } from "./arguments.ts";
import { LibraryFolder } from "./library-folder.ts";
import { printable } from "./printable-path.ts";
import { INTERRUPTED, Session, type Task } from "./session.ts";
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
  const given = parseArguments(process.argv.slice(2));
  if (given.wantsHelp) console.log(usage);
  else process.exitCode = await new Session(await taskOf(given)).run();
} catch (error) {
  if (!(error instanceof UsageError || error instanceof StoreError)) throw error;
  const hint = error instanceof UsageError ? " (--help shows the usage)" : "";
  console.error(`document-library: ${printable(error.message)}${hint}`);
  process.exitCode = BAD_USAGE;
}

// After a second Ctrl-C a read may still go on.
if (process.exitCode === INTERRUPTED) process.stdout.write("", () => process.exit());

async function taskOf({ folder: given, durable, words, usesThreads }: Arguments): Promise<Task> {
  const folder = given === undefined ? REPOSITORY : resolved(given);
  const excluded = given === undefined ? NOT_OURS : new Set<string>();
  await refuseUnlessFolder(folder);
  const task = { folder, excluded, words, usesThreads };
  if (durable === false) return task;
  const place = durable === true ? `${folder}.document-library` : resolved(durable);
  return { ...task, own: await LibraryFolder.open(place, task) };
}

/** npm changes to the folder of the package, and says where it was called. */
function resolved(folder: string): string {
  return path.resolve(process.env["INIT_CWD"] ?? "", folder);
}

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
