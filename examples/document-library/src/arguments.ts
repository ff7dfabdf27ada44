/** What the program is asked to do. */
export interface Arguments {
  readonly wantsHelp: boolean;
  /** Files are to be read on threads. */
  readonly usesThreads: boolean;
  /** Whether, and in which folder, the work outlives the process; `true` leaves the folder to the program. */
  readonly durable: boolean | string;
  /** The folder to read; undefined for this repository's own files. */
  readonly folder: string | undefined;
  /** The words to search for; none leaves the choice to the library. */
  readonly words: readonly string[];
}

/** The command line is not what is allowed; the message says why. */
export class UsageError extends Error {}

export const usage = `Usage: npm start -- [FOLDER] [--threads] [--durable[=FOLDER]] [--query WORD...]

Reads every file under FOLDER, hashes it, indexes its words and answers a query,
all by messages on a bus. Without FOLDER it reads this repository's own files
(not node_modules, .git, dist and coverage).

  --threads           read and hash on threads, so that the event loop stays free
  --durable[=FOLDER]  keep the work in a folder, so that it outlives the process:
                      killed in the middle, the same command goes on with it, and
                      after a complete run it reads only what has changed.
                      Without =FOLDER beside what is read: "docs" has
                      "docs.document-library"
  --query WORD...     find the documents that hold all of these words; takes
                      every word that follows
  --help              show this text

Ctrl-C finishes what was begun and shows it (exit code 130); a second Ctrl-C
ends at once. With --durable, what was begun is what is being read.`;

const DURABLE_IN = "--durable=";

/** @throws {UsageError} */
export function parseArguments(given: readonly string[]): Arguments {
  const folders: string[] = [];
  const words: string[] = [];
  let wantsHelp = false;
  let usesThreads = false;
  let durable: boolean | string = false;
  let isQuery = false;
  for (const argument of given) {
    if (argument === "--help" || argument === "-h") wantsHelp = true;
    else if (argument === "--threads") usesThreads = true;
    else if (argument === "--durable") durable = true;
    else if (argument.startsWith(DURABLE_IN)) durable = argument.slice(DURABLE_IN.length);
    else if (argument === "--query") isQuery = true;
    else if (argument.startsWith("-")) throw new UsageError(`unknown option ${argument}`);
    else if (isQuery) words.push(argument);
    else folders.push(argument);
  }
  if (isQuery && words.length === 0) throw new UsageError("--query needs at least one word");
  if (durable === "") throw new UsageError("--durable= needs a folder, or no =");
  if (folders.length > 1) throw new UsageError(`one folder at most, not ${folders.length}`);
  return { wantsHelp, usesThreads, durable, folder: folders[0], words };
}
