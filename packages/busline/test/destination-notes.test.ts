import { describe, expect, test } from "vitest";
import { DestinationNotes } from "../src/store/destination-notes.ts";
import { numbersTo } from "./durable-fixture.ts";

/** The same in the next process: what was not taken to be committed is gone. */
function reread(notes: DestinationNotes): DestinationNotes {
  return DestinationNotes.read(entryOf(notes));
}

describe("destination notes", () => {
  test("notes - a fresh destination remembers nobody, and has had no message", () => {
    const notes = new DestinationNotes(7, "acme/ü");
    expect(notes).toMatchObject({ id: 7, name: "acme/ü", listeners: [], lastNumber: 0 });
    expect(notes.rosterNumber([])).toBeUndefined();
    expect(notes.rosterOf(undefined)).toBeUndefined();
    expect(notes.isChanged).toBe(false);
    expect(reread(notes)).toMatchObject({ id: 7, name: "acme/ü", listeners: [] });
  });

  test("notes - ids of more than one digit are read back", () => {
    for (const id of [35, 36, 100_000]) {
      expect(reread(new DestinationNotes(id, "acme/a")).id).toBe(id);
    }
  });

  test("notes - listeners are remembered once, and forgotten", () => {
    const notes = new DestinationNotes(1, "acme/a");
    notes.remember("a");
    expect(notes.isChanged).toBe(true);
    notes.remember("b");
    const again = reread(notes);
    expect(notes.isChanged).toBe(false);
    expect(again.listeners).toEqual(["a", "b"]);
    again.remember("a");
    expect(again.isChanged).toBe(false);
    expect(again.forget("x")).toBe(false);
    expect(again.isChanged).toBe(false);
    expect(again.forget("a")).toBe(true);
    expect(again.isChanged).toBe(true);
    expect(again.listeners).toEqual(["b"]);
  });

  test("notes - messages of the same listeners share a list, over restarts too", () => {
    const notes = new DestinationNotes(1, "acme/a");
    notes.remember("a");
    const first = notes.rosterNumber(notes.listeners);
    expect(notes.rosterNumber(notes.listeners)).toBe(first);
    notes.remember("b");
    const second = notes.rosterNumber(notes.listeners);
    expect(second).not.toBe(first);
    expect(notes.rosterOf(first)).toEqual(["a"]);
    expect(notes.rosterOf(second)).toEqual(["a", "b"]);
    expect(notes.rosterNumber(["a"])).toBe(first);
    expect(notes.rosterNumber(["b"])).not.toBe(first);
    const again = reread(notes);
    expect(again.rosterNumber(["a"])).toBe(first);
    expect(again.rosterNumber(again.listeners)).toBe(second);
    expect(again.isChanged).toBe(false);
    expect(again.rosterNumber(["b", "a"])).not.toBe(second);
    expect(again.isChanged).toBe(true);
    expect(again.rosterOf(second)).toEqual(["a", "b"]);
    expect(again.rosterOf(99)).toBeUndefined();
  });

  test("notes - numbers go up, also over a process that died without a word", () => {
    const notes = new DestinationNotes(1, "acme/a");
    expect(numbersTo(3).map(() => notes.nextNumber())).toEqual([1, 2, 3]);
    expect(notes.isChanged).toBe(true);
    const second = reread(notes);
    // What the first one has numbered since then was in no other commit than theirs.
    for (const _ of numbersTo(1_000)) notes.nextNumber();
    const next = second.nextNumber();
    expect(next).toBeGreaterThan(notes.lastNumber);
    expect(second.lastNumber).toBe(next);
  });

  test("notes - numbers are set aside a million at once, before they are used", () => {
    const notes = new DestinationNotes(1, "acme/a");
    notes.nextNumber();
    let written = entryOf(notes);
    const begins: number[] = [];
    const ends: number[] = [];
    for (const _ of numbersTo(2_500_000)) {
      const number = notes.nextNumber();
      // Whatever has a number is committed together with the change, if there is one.
      if (notes.isChanged) written = entryOf(notes);
      if (number % 499_999 !== 0) continue;
      ends.push(number);
      begins.push(DestinationNotes.read(written).nextNumber());
    }
    expect(ends).toHaveLength(5);
    expect(begins.every((begin, at) => begin > (ends[at] as number))).toBe(true);
  });
});

function entryOf(notes: DestinationNotes): { readonly key: string; readonly value: Uint8Array } {
  const { key, value } = notes.takeChange();
  return { key, value: value as Uint8Array };
}
