import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";

/** Who has a store open, as its lock file says. */
export interface LockOwner {
  readonly pid: number;
  /** When the process began, in ticks since the machine did; only where there is `/proc`. */
  readonly startedAt?: string | undefined;
  /** Which run of the machine, so that a process of the one before is not taken for one of this; likewise. */
  readonly boot?: string | undefined;
  readonly host: string;
  /** Tells this opening from every other one. */
  readonly token: string;
}

/** What this process has locked. */
const ours = new Set<string>();

/** Whoever is about to lock a store. */
export function newOwner(): LockOwner {
  const owner = {
    pid: process.pid,
    startedAt: startOf(process.pid),
    boot: bootId(),
    host: hostname(),
    token: randomUUID(),
  };
  ours.add(owner.token);
  return owner;
}

/** It has locked nothing any more. */
export function forgetOwner({ token }: LockOwner): void {
  ours.delete(token);
}

/** @returns undefined if it is none */
export function readOwner(text: string): LockOwner | undefined {
  try {
    const owner = JSON.parse(text) as LockOwner;
    const isOne = Number.isSafeInteger(owner.pid) && owner.pid > 0;
    return isOne && typeof owner.host === "string" && typeof owner.token === "string"
      ? owner
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an owner, of this host, still runs. Where nobody can tell, it does. */
export function isAlive({ pid, startedAt, boot, token }: LockOwner): boolean {
  if (ours.has(token)) return true;
  if (boot !== undefined && boot !== bootId()) return false;
  if (!isRunning(pid) || isZombie(pid)) return false;
  const found = startOf(pid);
  if (found !== undefined && startedAt !== undefined) return found === startedAt;
  // Without /proc: this very process had the lock under another token, so it was another one of the same number.
  return pid !== process.pid;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // There is one, but it is somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** It has ended, and its parent has not asked how: in a container without an init process that may last for ever. */
function isZombie(pid: number): boolean {
  return statOf(pid, 3) === "Z" && threadCountOf(pid) === 1;
}

/** One that is being killed may still have a thread that finishes a write. */
function threadCountOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}

function startOf(pid: number): string | undefined {
  return statOf(pid, 22);
}

/** A field of what Linux says of a process, from the third one on; the second, in brackets, may have spaces in it. */
function statOf(pid: number, field: number): string | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[field - 3];
}

function bootId(): string | undefined {
  return readProc("/proc/sys/kernel/random/boot_id")?.trim();
}

function readProc(file: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}
