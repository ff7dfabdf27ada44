import type { StoreChange, StoreEntry } from "./message-store.ts";
import { destinationKey } from "./store-keys.ts";

/** So many numbers of messages are set aside at once: after a restart the next ones begin behind them. */
const NUMBERS_AT_ONCE = 1_000_000;

/** As it lies in the store. */
interface Written {
  readonly name: string;
  readonly listeners: readonly string[];
  readonly rosters: readonly (readonly string[])[];
  readonly numbersUpTo: number;
}

/** What a store keeps of a destination beside its messages. Changes go along with the next commit. */
export class DestinationNotes {
  readonly id: number;
  readonly name: string;
  /** The names of those who listen here, or did when the process ended, and have not been forgotten. */
  #listeners: readonly string[] = [];
  /** Lists of listeners, each of which some messages are for. */
  readonly #rosters: (readonly string[])[] = [];
  #lastNumber = 0;
  #numbersUpTo = 0;
  /** It has still to be written down. */
  isChanged = false;

  constructor(id: number, name: string) {
    this.id = id;
    this.name = name;
  }

  static read({ key, value }: StoreEntry): DestinationNotes {
    const written = JSON.parse(new TextDecoder().decode(value)) as Written;
    const notes = new DestinationNotes(Number.parseInt(key.slice(2), 36), written.name);
    notes.#listeners = written.listeners;
    notes.#rosters.push(...written.rosters);
    notes.#lastNumber = written.numbersUpTo;
    notes.#numbersUpTo = written.numbersUpTo;
    return notes;
  }

  get listeners(): readonly string[] {
    return this.#listeners;
  }

  remember(listener: string): void {
    if (this.#listeners.includes(listener)) return;
    this.#listeners = [...this.#listeners, listener];
    this.isChanged = true;
  }

  /** @returns false if it was not known */
  forget(listener: string): boolean {
    if (!this.#listeners.includes(listener)) return false;
    this.#listeners = this.#listeners.filter((name) => name !== listener);
    this.isChanged = true;
    return true;
  }

  /** The number of a list of listeners; `undefined` if there are none in it. */
  rosterNumber(names: readonly string[]): number | undefined {
    if (names.length === 0) return undefined;
    const last = this.#rosters.length - 1;
    if (this.#rosters[last] === names) return last;
    const known = this.#rosters.findIndex((roster) => {
      return roster.length === names.length && roster.every((name, at) => names[at] === name);
    });
    if (known >= 0) return known;
    this.#rosters.push(names);
    this.isChanged = true;
    return this.#rosters.length - 1;
  }

  /** A list of listeners by its number. */
  rosterOf(number: number | undefined): readonly string[] | undefined {
    return number === undefined ? undefined : this.#rosters[number];
  }

  /** The number of the last message. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** The number of the next message: higher than all before, also those of earlier runs. */
  nextNumber(): number {
    this.#lastNumber += 1;
    if (this.#lastNumber >= this.#numbersUpTo) {
      this.#numbersUpTo = this.#lastNumber + NUMBERS_AT_ONCE;
      this.isChanged = true;
    }
    return this.#lastNumber;
  }

  /** What is to be committed. */
  takeChange(): StoreChange {
    this.isChanged = false;

    const written: Written = {
      name: this.name,
      listeners: this.#listeners,
      rosters: this.#rosters,
      numbersUpTo: this.#numbersUpTo,
    };
    const value = new TextEncoder().encode(JSON.stringify(written));
    return { key: destinationKey(this.id), value };
  }
}
