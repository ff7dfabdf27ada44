import { mkdir, readdir, readFile, realpath, rm } from "node:fs/promises";
import path from "node:path";
import { UsageError } from "./arguments.ts";
import { isUnfinished, removeUnfinished, syncFolder, writeStable } from "./stable-file.ts";
import { reasonOf } from "./unreadable-reason.ts";
import { WalkSummary } from "./walk-summary.ts";

/** What a library is of. Other folders, or others left out, are another library. */
export interface LibrarySubject {
  readonly folder: string;
  /** Names of folders that are not entered. */
  readonly excluded: ReadonlySet<string>;
}

/** What is written down of a library. Messages that wait hold its path. */
interface Description {
  readonly folder: string;
  readonly leftOut: readonly string[];
  readonly path: string;
}

const DESCRIPTION = "library.json";

/**
 * The folder in which a library keeps what outlives the process:
 *
 *     library.json   of which folder it is the library
 *     messages/      the bus's store: what has been accepted and is not done
 *     documents/     a record of each file that was read, or could not be
 *     walk.json      what the walk came upon, once it is over
 */
export class LibraryFolder {
  readonly path: string;
  /** Its path in the folder that is read, if it lies there. */
  readonly pathWithin: string | undefined;

  private constructor(place: string, subject: string) {
    this.path = place;
    const within = path.relative(subject, place);
    this.pathWithin = isBelow(within) ? within.split(path.sep).join("/") : undefined;
  }

  /** Makes it if it is not there. @throws {UsageError} it cannot be the folder of this library */
  static async open(place: string, { folder, excluded }: LibrarySubject): Promise<LibraryFolder> {
    const refuse = (why: string): never => {
      throw new UsageError(`cannot keep a library in ${place}: ${why}`);
    };
    await makeFolder(place).catch((error: unknown) => refuse(whyNot(error)));
    const own = await realpath(place);
    const subject = await realpath(folder);
    if (own === subject || isBelow(path.relative(own, subject))) {
      refuse("it holds what is to be read");
    }
    const description = { folder: subject, leftOut: [...excluded], path: own };
    const names = await readdir(own);
    if (names.includes(DESCRIPTION)) {
      const text = await readFile(path.join(own, DESCRIPTION), "utf8");
      const difference = differenceOf(JSON.parse(text) as Description, description);
      if (difference !== undefined) refuse(difference);
    } else if (names.every(isUnfinished)) {
      await writeStable(path.join(own, DESCRIPTION), JSON.stringify(description));
    } else {
      refuse("there is something else in it");
    }
    const library = new LibraryFolder(own, subject);
    await makeFolder(library.documents);
    return library;
  }

  get messages(): string {
    return path.join(this.path, "messages");
  }

  get documents(): string {
    return path.join(this.path, "documents");
  }

  /** Nobody else may be writing. */
  async tidy(): Promise<void> {
    await removeUnfinished(this.path);
    await removeUnfinished(this.documents);
  }

  async keepWalk(summary: WalkSummary): Promise<void> {
    await writeStable(this.#walk, String(summary));
  }

  /** `undefined` if it is not over. */
  async walk(): Promise<WalkSummary | undefined> {
    try {
      return WalkSummary.parse(await readFile(this.#walk, "utf8"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async forgetWalk(): Promise<void> {
    await rm(this.#walk, { force: true });
    await syncFolder(this.path);
  }

  get #walk(): string {
    return path.join(this.path, "walk.json");
  }
}

async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first !== undefined) await syncFolder(path.dirname(first));
}

function whyNot(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EEXIST" || code === "ENOTDIR" ? "it is not a folder" : reasonOf(error);
}

function differenceOf(made: Description, wanted: Description): string | undefined {
  if (made.folder !== wanted.folder) return `it is the library of ${made.folder}`;
  if (made.path !== wanted.path) return `it was made as ${made.path} and has been moved`;
  if (String(made.leftOut) === String(wanted.leftOut)) return undefined;
  return `it is the library of ${made.folder} with ${made.leftOut.join(", ") || "nothing"} left out`;
}

/** Whether a relative path leads to something below. */
function isBelow(relative: string): boolean {
  const [first] = relative.split(path.sep);
  return relative !== "" && first !== ".." && !path.isAbsolute(relative);
}
