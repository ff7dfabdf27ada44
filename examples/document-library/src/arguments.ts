/** What the program is asked to do. */
export interface Arguments {
  readonly wantsHelp: boolean;
  /** Files are to be read on threads. */
  readonly usesThreads: boolean;
  /** The folder to read; undefined for this repository's own files. */
  readonly folder: string | undefined;
  /** The words to search for; none leaves the choice to the library. */
  readonly words: readonly string[];
}

/** The command line is not what is allowed; the message says why. */
export class UsageError extends Error {}

export const usage = `Usage: npm start -- [FOLDER] [--threads] [--query WORD...]

Reads every file under FOLDER, hashes it, indexes its words and answers a query,
all by messages on a bus. Without FOLDER it reads this repository's own files
(not node_modules, .git, dist and coverage).

  --threads        read and hash on threads, so that the event loop stays free
  --query WORD...  find the documents that hold all of these words; takes every
                   word that follows
  --help           show this text

Ctrl-C finishes what was begun and shows it (exit code 130); a second Ctrl-C
ends at once.`;

/** @throws {UsageError} */
export function parseArguments(given: readonly string[]): Arguments {
  const folders: string[] = [];
  const words: string[] = [];
  let wantsHelp = false;
  let usesThreads = false;
  let isQuery = false;
  for (const argument of given) {
    if (argument === "--help" || argument === "-h") wantsHelp = true;
    else if (argument === "--threads") usesThreads = true;
    else if (argument === "--query") isQuery = true;
    else if (argument.startsWith("-")) throw new UsageError(`unknown option ${argument}`);
    else if (isQuery) words.push(argument);
    else folders.push(argument);
  }
  if (isQuery && words.length === 0) throw new UsageError("--query needs at least one word");
  if (folders.length > 1) throw new UsageError(`one folder at most, not ${folders.length}`);
  return { wantsHelp, usesThreads, folder: folders[0], words };
}
