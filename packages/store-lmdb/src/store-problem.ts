import { getSystemErrorName } from "node:util";
import type { StoreErrorCode } from "busline";

/** A `StoreProblem` on its way between two threads, which keeps neither a class nor the code of an error. */
export interface CarriedProblem {
  readonly code: StoreErrorCode;
  readonly text: string;
  readonly cause: CarriedCause | undefined;
  readonly mayPass: boolean;
}

interface CarriedCause {
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
}

const reasons: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "has no room left: the disk is full"],
  ["EDQUOT", "has no room left: the quota is used up"],
  ["EROFS", "lies on a disk that cannot be written to"],
  ["EACCES", "lies where this process may not read and write"],
  ["EPERM", "lies where this process may not read and write"],
  ["ELOOP", "has a link where a file should be"],
  ["EMFILE", "has failed: too many files are open"],
  ["ENFILE", "has failed: too many files are open"],
  ["EIO", "has failed: the disk reports an error"],
]);
const PASSING: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EMFILE", "ENFILE"]);
/** What Windows says when a disk is full. */
const FULL_ON_WINDOWS: ReadonlySet<unknown> = new Set([39, 112]);

interface ProblemOptions {
  readonly cause?: unknown;
  readonly mayPass?: boolean;
}

/**
 * What is wrong with a store, as a sentence that follows its name. The threads that work for a store know neither its name
 * nor busline, so the store makes a `StoreError` of it.
 */
export class StoreProblem extends Error {
  readonly code: StoreErrorCode;
  /** The same may work later: there was no room, or too many files were open. */
  readonly mayPass: boolean;

  constructor(code: StoreErrorCode, text: string, options: ProblemOptions = {}) {
    super(text, options);
    this.name = "StoreProblem";
    this.code = code;
    this.mayPass = options.mayPass ?? false;
  }

  static failed(text: string, options?: ProblemOptions): StoreProblem {
    return new StoreProblem("BUSLINE_STORE_FAILED", text, options);
  }

  static damaged(text: string): StoreProblem {
    return new StoreProblem("BUSLINE_STORE_DAMAGED", `is damaged: ${text}`);
  }

  static laterVersion(text: string): StoreProblem {
    const known = `was written by a later version: ${text}`;
    return new StoreProblem("BUSLINE_STORE_VERSION", known);
  }

  /**
   * What the system, or LMDB, says about something that the store was doing.
   *
   * @param isFull whether the disk is full: of a write that was too short for that reason, LMDB knows only that it was
   */
  static of(error: unknown, doing: string, isFull: () => boolean = () => false): StoreProblem {
    if (error instanceof StoreProblem) return error;
    const found = systemCodeOf(error) ?? "";
    const code = found === "EIO" && isFull() ? "ENOSPC" : found;
    const text = reasons.get(code) ?? `could not ${doing}`;
    return StoreProblem.failed(text, { cause: error, mayPass: PASSING.has(code) });
  }

  static unpack({ code, text, cause, mayPass }: CarriedProblem): StoreProblem {
    const revived = cause === undefined ? {} : { cause: revive(cause) };
    return new StoreProblem(code, text, { ...revived, mayPass });
  }

  pack(): CarriedProblem {
    const { code, message: text, cause, mayPass } = this;
    const flat = cause === undefined ? undefined : flatten(cause);
    return { code, text, cause: flat, mayPass };
  }
}

/** The name of the system's error, such as `ENOSPC`: LMDB has only its number. */
function systemCodeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { readonly code?: unknown };
  if (typeof code === "string") return code;
  if (process.platform === "win32" && FULL_ON_WINDOWS.has(code)) return "ENOSPC";
  if (typeof code !== "number" || !Number.isInteger(code) || code <= 0) return undefined;
  return process.platform === "win32" ? undefined : getSystemErrorName(-code);
}

function flatten(error: unknown): CarriedCause {
  const { message = String(error), stack, code } = Object(error) as Partial<CarriedCause>;
  const isPlain = typeof code === "number" || typeof code === "string";
  return { message, stack, code: isPlain ? code : undefined };
}

function revive({ message, stack, code }: CarriedCause): Error {
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}
