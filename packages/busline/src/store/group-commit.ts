import type { Clock } from "../clock/clock.ts";
import type { StoreError } from "../errors/store-error.ts";
import type { StoreChange } from "./message-store.ts";

/** One of those that a commit is made for. */
export interface CommitMember {
  readonly changes: readonly StoreChange[];
  /** How much that is, in bytes. */
  readonly size: number;
  /** Its changes are stable. Must not throw. */
  committed(): void;
  /** They have not been made. */
  refused(error: StoreError): void;
}

/** What is to be committed for a group. */
export interface PreparedCommit {
  readonly changes: readonly StoreChange[];
  /** It has been. */
  committed(): void;
}

/** What a group commits through. */
export interface GroupCommitter {
  /** May drop members, whose promise resolves all the same, and add changes of its own. */
  prepare(members: readonly CommitMember[]): Promise<PreparedCommit>;
  /** Makes the changes, and resolves when they are stable. Rejects with a `StoreError`. */
  commit(changes: readonly StoreChange[]): Promise<void>;
}

const MOST_MEMBERS = 10_000;
const MOST_BYTES = 8 * 1_048_576;

/**
 * Many senders share one sync of the disk: while one commit goes on, the members of the next come together. One promise
 * serves all of a group.
 */
export class GroupCommit {
  readonly #committer: GroupCommitter;
  readonly #clock: Clock;
  /** Groups that have not begun, the first one first. */
  #waiting: Group[] = [];
  #isGoingOn = false;

  constructor(committer: GroupCommitter, clock: Clock) {
    this.#committer = committer;
    this.#clock = clock;
  }

  /** Joins the next commit. @returns settles with it */
  add(member: CommitMember): Promise<void> {
    let group = this.#waiting.at(-1);
    if (group === undefined || group.isFull) {
      group = new Group();
      this.#waiting.push(group);
    }
    group.add(member);
    if (!this.#isGoingOn) {
      this.#isGoingOn = true;
      // Whoever sends in the same run of code comes along.
      this.#clock.atEndOfRun(() => void this.#goOn());
    }
    return group.promise;
  }

  async #goOn(): Promise<void> {
    for (let group = this.#waiting.shift(); group !== undefined; group = this.#waiting.shift()) {
      const { members } = group;
      try {
        const prepared = await this.#committer.prepare(members);
        await this.#committer.commit(prepared.changes);
        prepared.committed();
      } catch (error) {
        for (const member of members) member.refused(error as StoreError);
        group.reject(error);
        continue;
      }
      for (const member of members) member.committed();
      group.resolve();
    }
    this.#isGoingOn = false;
  }
}

class Group {
  readonly members: CommitMember[] = [];
  readonly promise: Promise<void>;
  resolve!: () => void;
  reject!: (error: unknown) => void;
  #size = 0;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Those of its members that have nobody who waits must not make it an unhandled one.
    this.promise.catch(() => {});
  }

  get isFull(): boolean {
    return this.members.length >= MOST_MEMBERS || this.#size >= MOST_BYTES;
  }

  add(member: CommitMember): void {
    this.members.push(member);
    this.#size += member.size;
  }
}
