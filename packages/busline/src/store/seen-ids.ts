import type { BusStore } from "./bus-store.ts";
import type { CommitMember, PreparedCommit } from "./group-commit.ts";
import type { StoreChange } from "./message-store.ts";
import { readSeenIdTimeKey, seenIdKey, seenIdTimeKey, seenIdTimeKeys } from "./store-keys.ts";

/** How long, and how many of them, ids are remembered. */
interface DeduplicationWindow {
  /** In milliseconds. */
  readonly durationMs: number;
  readonly maximumIds: number;
}

/** A sender's own id, which must not come twice. */
export interface IdClaim {
  readonly id: string;
  /** The number of its destination. */
  readonly destinationId: number;
  readonly window: DeduplicationWindow;
}

/** A member of a commit that may be a duplicate. */
export interface ClaimingMember extends CommitMember {
  readonly claim: IdClaim | undefined;
  /** Its id has been seen: it is not committed. */
  wasDuplicate(): void;
}

/** How many are forgotten with each that comes, at most. */
const FORGOTTEN_WITH_EACH = 4;
const NOTHING = new Uint8Array();

/**
 * The ids that have come to durable destinations lately. They lie in the store, so that they outlive the process and do not
 * fill the memory, and are looked up for all members of a commit at once: so a message keeps its place among the others.
 */
export class SeenIds {
  readonly #store: BusStore;
  /** How many there are, by destination. */
  readonly #counts = new Map<number, number>();

  constructor(store: BusStore) {
    this.#store = store;
  }

  /** The changes of those members that are no duplicates, and what is to be remembered of them. */
  async sift(members: readonly CommitMember[], now: number): Promise<PreparedCommit> {
    const claiming = members.filter((member): member is ClaimingMember => {
      return (member as Partial<ClaimingMember>).claim !== undefined;
    });
    if (claiming.length === 0) {
      return { changes: members.flatMap((member) => member.changes), committed: () => {} };
    }
    const keys = claiming.map(({ claim }) => keyOf(claim as IdClaim));
    const values = await this.#store.get(keys);
    const seen = new Map(keys.map((key, at) => [key, timeOf(values[at])] as const));
    const changes: StoreChange[] = [];
    const windows = new Map<number, Sifted>();
    for (const member of members) {
      const { claim } = member as ClaimingMember;
      if (claim !== undefined) {
        const key = keyOf(claim);
        const { destinationId, window } = claim;
        const before = seen.get(key);
        if (before !== undefined && before > now - window.durationMs) {
          (member as ClaimingMember).wasDuplicate();
          continue;
        }
        seen.set(key, now);
        const hash = hashOf(claim.id);
        const sifted = windows.get(destinationId) ?? { window, hashes: new Set(), again: 0 };
        windows.set(destinationId, sifted);
        sifted.hashes.add(hash);
        if (before !== undefined) {
          sifted.again += 1;
          changes.push({ key: seenIdTimeKey(destinationId, before, hash), value: undefined });
        }
        changes.push({ key, value: new TextEncoder().encode(String(now)) });
        changes.push({ key: seenIdTimeKey(destinationId, now, hash), value: NOTHING });
      }
      changes.push(...member.changes);
    }
    const counts = new Map<number, number>();
    for (const [destinationId, sifted] of windows) {
      const forgotten = await this.#forget(destinationId, sifted, now);
      changes.push(...forgotten.changes);
      counts.set(destinationId, forgotten.count);
    }
    const committed = (): void => {
      for (const [destinationId, count] of counts) this.#counts.set(destinationId, count);
    };
    return { changes, committed };
  }

  /** Those that have left the window, a few for each that has come. @returns also how many there are then */
  async #forget(
    destinationId: number,
    { window, hashes, again }: Sifted,
    now: number,
  ): Promise<{ readonly changes: readonly StoreChange[]; readonly count: number }> {
    const range = seenIdTimeKeys(destinationId);
    const before = this.#counts.get(destinationId) ?? (await this.#store.count(range));
    let count = before + hashes.size - again;
    const oldest = await this.#store.read(range, {
      entries: hashes.size * FORGOTTEN_WITH_EACH,
      bytes: Infinity,
    });
    const changes: StoreChange[] = [];
    for (const { key } of oldest) {
      const { at, hash } = readSeenIdTimeKey(key);
      // One that has come again stands under its new time.
      if (hashes.has(hash)) continue;
      if (at > now - window.durationMs && count <= window.maximumIds) break;
      count -= 1;
      changes.push(
        { key, value: undefined },
        { key: seenIdKey(destinationId, hash), value: undefined },
      );
    }
    return { changes, count };
  }
}

/** Those of one destination that have come in one commit. */
interface Sifted {
  readonly window: DeduplicationWindow;
  readonly hashes: Set<string>;
  /** How many of them had been seen, and had left the window. */
  again: number;
}

function keyOf({ destinationId, id }: IdClaim): string {
  return seenIdKey(destinationId, hashOf(id));
}

/** 128 bits of it: an id may be long, and hold any character. */
function hashOf(id: string): string {
  // Imported with the rest it would double the time of every start.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256").update(id).digest("base64url").slice(0, 22);
}

function timeOf(value: Uint8Array | undefined): number | undefined {
  return value === undefined ? undefined : Number(new TextDecoder().decode(value));
}
