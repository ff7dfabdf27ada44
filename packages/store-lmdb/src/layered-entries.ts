import type { ReadLimits, StoreEntry, StoreRange } from "busline";
import { unpackChanges } from "./change-list.ts";
import type { Engine } from "./engine.ts";
import type { Overlay } from "./overlay.ts";

/** How much is asked of LMDB at once. */
const MOST_ENTRIES = 2_000;
const MOST_BYTES = 8 * 1_048_576;

/** What has what LMDB does not have yet. */
export interface OverlaySource {
  /** The newest first. */
  readonly overlays: readonly Overlay[];
}

type Value = Uint8Array | undefined;

/**
 * What is in the store: what LMDB holds, under what the commits of the logs have made of it.
 *
 * LMDB may be taking over the older of the overlays meanwhile. Whatever of it an answer has seen, what the overlay says goes
 * before it, so an overlay must be kept until all answers are there that were asked for with it: that is, held here.
 */
export class LayeredEntries {
  readonly #engine: Engine;
  readonly #source: OverlaySource;

  constructor(engine: Engine, source: OverlaySource) {
    this.#engine = engine;
    this.#source = source;
  }

  async get(keys: readonly string[]): Promise<Value[]> {
    const overlays = this.#source.overlays;
    const values = new Map<string, Value>();
    const missing: string[] = [];
    for (const key of keys) {
      const overlay = overlays.find((one) => one.has(key));
      if (overlay === undefined) missing.push(key);
      else values.set(key, overlay.get(key));
    }
    if (missing.length > 0) {
      const found = unpackChanges(await this.#engine.get(missing));
      for (const { key, value } of found) values.set(key, value);
    }
    return keys.map((key) => values.get(key));
  }

  async read(range: StoreRange, { entries, bytes }: ReadLimits): Promise<StoreEntry[]> {
    const found: StoreEntry[] = [];
    const { to } = range;
    let { from } = range;
    let left = bytes;
    // Of what LMDB holds much may have been deleted: the more that was in vain, the more is asked for.
    for (let wanted = entries; from < to && found.length < entries && left > 0; wanted *= 2) {
      const overlays = this.#source.overlays;
      const most = { entries: Math.min(wanted, MOST_ENTRIES), bytes: Math.min(left, MOST_BYTES) };
      const page = await this.#engine.read({ from, to, ...most });
      const stored = unpackChanges(page.bytes) as StoreEntry[];
      const last = stored.at(-1);
      const end = page.isLast || last === undefined ? to : behind(last.key);
      for (const entry of merge(overlays, { from, to: end }, stored)) {
        found.push(entry);
        left -= entry.value.length;
        if (found.length >= entries || left <= 0) break;
      }
      from = end;
    }
    return found;
  }

  async count(range: StoreRange): Promise<number> {
    const without: string[] = [];
    let count = 0;
    for (const [key, value] of changesIn(this.#source.overlays, range)) {
      without.push(key);
      if (value !== undefined) count += 1;
    }
    return count + (await this.#engine.count({ ...range, without }));
  }
}

/** Entries of a range in order: those of the overlays, and those of LMDB whose keys the overlays do not have. */
function* merge(
  overlays: readonly Overlay[],
  range: StoreRange,
  stored: readonly StoreEntry[],
): Generator<StoreEntry, void, undefined> {
  let at = 0;
  for (const [key, value] of changesIn(overlays, range)) {
    for (let next = stored[at]; next !== undefined && next.key < key; next = stored[at]) {
      yield next;
      at += 1;
    }
    if (stored[at]?.key === key) at += 1;
    if (value !== undefined) yield { key, value };
  }
  yield* stored.slice(at);
}

/** What overlays have made of the keys of a range, in order. Of one that several have, the first one's word counts. */
function* changesIn(
  overlays: readonly Overlay[],
  range: StoreRange,
): Generator<readonly [string, Value], void, undefined> {
  const cursors = overlays.map((overlay) => {
    const keys = overlay.keysIn(range);
    return { overlay, keys, key: keys.next().value ?? undefined };
  });
  for (;;) {
    let first: (typeof cursors)[number] | undefined;
    for (const cursor of cursors) {
      if (cursor.key === undefined) continue;
      if (first?.key === undefined || cursor.key < first.key) first = cursor;
    }
    const key = first?.key;
    if (first === undefined || key === undefined) return;
    yield [key, first.overlay.get(key)];
    for (const cursor of cursors) {
      if (cursor.key === key) cursor.key = cursor.keys.next().value ?? undefined;
    }
  }
}

/** The first key behind another one. */
function behind(key: string): string {
  return `${key}\0`;
}
