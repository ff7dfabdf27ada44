import { describe, expect, test } from "vitest";
import { StoreError, type StoreChange } from "busline";
import { ManualClock } from "busline/testing";
import {
  type CommitMember,
  GroupCommit,
  type GroupCommitter,
  type PreparedCommit,
} from "../src/store/group-commit.ts";
import { numbersTo } from "./durable-fixture.ts";
import { turns } from "./outcome-of.ts";

const MEGABYTE = 1_048_576;

class Member implements CommitMember {
  readonly changes: readonly StoreChange[];
  readonly size: number;
  how = "open";

  constructor(key: string, size = 1) {
    this.changes = [{ key, value: undefined }];
    this.size = size;
  }

  committed(): void {
    this.how = "committed";
  }

  refused(error: StoreError): void {
    this.how = error.code;
  }
}

interface Rig {
  readonly group: GroupCommit;
  /** The keys of each commit so far. */
  readonly commits: string[][];
  /** Ends the first commit that has not ended. */
  end(error?: unknown): Promise<void>;
}

async function plainly(members: readonly CommitMember[]): Promise<PreparedCommit> {
  return { changes: members.flatMap(({ changes }) => changes), committed: () => {} };
}

function rigOf(prepare: GroupCommitter["prepare"] = plainly): Rig {
  const commits: string[][] = [];
  const endings: ((error: unknown) => void)[] = [];
  const group = new GroupCommit(
    {
      prepare,
      commit: (changes) => {
        commits.push(changes.map(({ key }) => key));
        return new Promise((resolve, reject) => {
          endings.push((error) => (error === undefined ? resolve() : reject(error)));
        });
      },
    },
    new ManualClock(),
  );
  const end = async (error?: unknown): Promise<void> => {
    endings.shift()?.(error);
    await turns();
  };
  return { group, commits, end };
}

const FAILED = new StoreError("BUSLINE_STORE_FAILED", "store", "has failed");

describe("group commit", () => {
  test("group commit - those of one run go together, and share a promise", async () => {
    const { group, commits, end } = rigOf();
    const members = ["a", "b", "c"].map((key) => new Member(key));
    const promises = members.map((member) => group.add(member));
    expect(new Set(promises).size).toBe(1);
    expect(commits).toEqual([]);
    await turns();
    expect(commits).toEqual([["a", "b", "c"]]);
    expect(members.map(({ how }) => how)).toEqual(["open", "open", "open"]);
    await end();
    expect(members.map(({ how }) => how)).toEqual(["committed", "committed", "committed"]);
    await expect(promises[0]).resolves.toBeUndefined();
  });

  test("group commit - those that come meanwhile are the next, and never two at once", async () => {
    const { group, commits, end } = rigOf();
    void group.add(new Member("a"));
    await turns();
    void group.add(new Member("b"));
    await turns();
    void group.add(new Member("c"));
    await turns();
    expect(commits).toEqual([["a"]]);
    await end();
    expect(commits).toEqual([["a"], ["b", "c"]]);
    await end();
    void group.add(new Member("d"));
    await turns();
    expect(commits.at(-1)).toEqual(["d"]);
    await end();
  });

  test("group commit - all of a failed one are refused, and the next goes on", async () => {
    const { group, commits, end } = rigOf();
    const [first, second, third] = [new Member("a"), new Member("b"), new Member("c")];
    const failing = group.add(first);
    void group.add(second);
    await turns();
    const next = group.add(third);
    await end(FAILED);
    expect([first.how, second.how]).toEqual(["BUSLINE_STORE_FAILED", "BUSLINE_STORE_FAILED"]);
    await expect(failing).rejects.toBe(FAILED);
    expect(commits).toEqual([["a", "b"], ["c"]]);
    await end();
    await expect(next).resolves.toBeUndefined();
    expect(third.how).toBe("committed");
  });

  test("group commit - what cannot be prepared is refused", async () => {
    const { group, commits } = rigOf(() => Promise.reject(FAILED));
    const member = new Member("a");
    await expect(group.add(member)).rejects.toBe(FAILED);
    expect(member.how).toBe("BUSLINE_STORE_FAILED");
    expect(commits).toEqual([]);
  });

  test("group commit - preparing may drop changes and add others, and is told of the commit", async () => {
    let isTold = false;
    const { group, commits, end } = rigOf(async (members) => ({
      changes: [
        { key: "first", value: undefined },
        ...members.slice(1).flatMap(({ changes }) => changes),
      ],
      committed: () => {
        isTold = true;
      },
    }));
    const dropped = new Member("a");
    void group.add(dropped);
    void group.add(new Member("b"));
    await turns();
    expect(commits).toEqual([["first", "b"]]);
    expect(isTold).toBe(false);
    await end();
    expect(isTold).toBe(true);
    expect(dropped.how).toBe("committed");
  });

  test("group commit - is full with 10,000 members", async () => {
    const { group, commits, end } = rigOf();
    for (const number of numbersTo(25_000)) void group.add(new Member(`${number}`));
    const sizes: number[] = [];
    for (const at of numbersTo(3)) {
      await turns();
      sizes.push(commits[at]?.length ?? 0);
      await end();
    }
    expect(sizes).toEqual([10_000, 10_000, 5_000]);
    expect(commits.flat()).toEqual(numbersTo(25_000).map(String));
  });

  test("group commit - is full with 8 megabytes", async () => {
    const { group, commits, end } = rigOf();
    for (const key of ["a", "b", "c", "d", "e"]) void group.add(new Member(key, 3 * MEGABYTE));
    await turns();
    await end();
    await end();
    expect(commits).toEqual([
      ["a", "b", "c"],
      ["d", "e"],
    ]);
  });

  test("group commit - a failure that nobody waits for is no unhandled one", async () => {
    const { group, end } = rigOf();
    const member = new Member("a");
    void group.add(member);
    await turns();
    await end(FAILED);
    expect(member.how).toBe("BUSLINE_STORE_FAILED");
  });
});
