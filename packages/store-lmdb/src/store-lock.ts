import fs from "node:fs";
import path from "node:path";
import { forgetOwner, isAlive, type LockOwner, newOwner, readOwner } from "./lock-owner.ts";
import { StoreProblem } from "./store-problem.ts";

/** Those who come at the same time, one after the other, take the lock of each other so many times at most. */
const MOST_TRIES = 100;
/** What file systems say on which a file can have one name only. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** Released when the process ends, as long as it ends by itself. */
const taken = new Set<StoreLock>();
let isEndAwaited = false;

/**
 * The file `lock` in the folder of a store: who has it, has the store. It comes into being with all that is in it, by a
 * second name for a file that is complete. One that a process has left which is no more is taken away first.
 */
export class StoreLock {
  readonly #file: string;
  readonly #owner: LockOwner;

  private constructor(file: string, owner: LockOwner) {
    this.#file = file;
    this.#owner = owner;
  }

  /** @throws {StoreProblem} somebody else has it */
  static take(folder: string): StoreLock {
    const owner = newOwner();
    const lock = new StoreLock(path.join(folder, "lock"), owner);
    try {
      lock.#take();
      taken.add(lock);
      releaseAtEnd();
      return lock;
    } catch (error) {
      forgetOwner(owner);
      throw StoreProblem.of(error, "be locked");
    }
  }

  get isOurs(): boolean {
    try {
      return readOwner(fs.readFileSync(this.#file, "utf8"))?.token === this.#owner.token;
    } catch {
      return false;
    }
  }

  release(): void {
    taken.delete(this);
    forgetOwner(this.#owner);
    if (this.isOurs) fs.rmSync(this.#file, { force: true });
  }

  #take(): void {
    const complete = `${this.#file}.${this.#owner.token}`;
    const file = fs.openSync(complete, "wx", 0o600);
    try {
      fs.writeSync(file, JSON.stringify(this.#owner));
      // After a failure of power a lock is whole or not there.
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    try {
      for (let tries = 0; !this.#link(complete); tries += 1) {
        if (tries === MOST_TRIES) throw locked("is being opened by several processes");
        this.#removeStale();
      }
    } finally {
      fs.rmSync(complete, { force: true });
    }
  }

  #link(complete: string): boolean {
    try {
      giveName(complete, this.#file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  }

  /** @throws {StoreProblem} it is not stale */
  #removeStale(): void {
    const text = this.#read(this.#file);
    if (text === undefined) return;
    this.#refuseIfHeld(text);
    // Between here and there another process may have done the same, and locked the store: then it gets its lock back.
    const away = `${this.#file}.${this.#owner.token}.stale`;
    try {
      fs.renameSync(this.#file, away);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    if (this.#read(away) !== text) this.#link(away);
    fs.rmSync(away, { force: true });
  }

  #refuseIfHeld(text: string): void {
    const owner = readOwner(text);
    const remedy = `delete ${this.#file} if`;
    if (owner === undefined)
      throw locked(`is locked by nobody knows whom; ${remedy} nobody has it`);
    const { host, pid } = owner;
    if (host !== this.#owner.host) {
      throw locked(
        `is open on ${JSON.stringify(host)}, process ${pid}; ${remedy} that host is gone`,
      );
    }
    if (!isAlive(owner)) return;
    throw locked(
      pid === process.pid ? `is open in this process, ${pid}` : `is open in process ${pid}`,
    );
  }

  #read(file: string): string | undefined {
    try {
      return fs.readFileSync(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }
}

/** @throws there is one of that name */
function giveName(complete: string, name: string): void {
  try {
    fs.linkSync(complete, name);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    // For a moment it is there and says nothing; whoever reads it then refuses to open the store.
    fs.copyFileSync(complete, name, fs.constants.COPYFILE_EXCL);
  }
}

function releaseAtEnd(): void {
  if (isEndAwaited) return;
  isEndAwaited = true;
  process.on("exit", () => {
    for (const lock of taken) lock.release();
  });
}

function locked(text: string): StoreProblem {
  return new StoreProblem("BUSLINE_STORE_LOCKED", text);
}
