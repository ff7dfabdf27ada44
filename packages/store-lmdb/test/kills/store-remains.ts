import { inlineStore } from "../store-fixture.ts";

/** What is in a store: how many entries of each kind. */
export interface StoreRemains {
  readonly messages: number;
  readonly states: number;
  readonly delayed: number;
  readonly seenIds: number;
  readonly seenIdTimes: number;
  readonly destinations: number;
  readonly others: number;
}

/** Opens a store that nobody has open, and counts. */
export async function remainsOf(folder: string): Promise<StoreRemains> {
  const store = inlineStore(folder);
  await store.open();
  const count = (prefix: string): Promise<number> => {
    return store.count({ from: `${prefix}/`, to: `${prefix}0` });
  };
  const kinds = ["q", "s", "t", "u", "v", "d"];
  const counts = await Promise.all(kinds.map((kind) => count(kind)));
  const all = await store.count({ from: "!", to: "~" });
  await store.close();
  const [messages = 0, states = 0, delayed = 0, seenIds = 0, seenIdTimes = 0, destinations = 0] =
    counts;
  // One says how the store is laid out.
  const others = all - counts.reduce((sum, one) => sum + one, 0) - 1;
  return { messages, states, delayed, seenIds, seenIdTimes, destinations, others };
}
