import { Alarm } from "../clock/alarm.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import type { CheckedListenOptions } from "../listener/listen-options.ts";
import type { Listening } from "../listener/listening.ts";
import type { MessageListener } from "../listener/message-listener.ts";
import { Roster } from "../listener/roster.ts";
import type { DurableRecord } from "../message/durable-record.ts";
import type { DestinationNotes } from "../store/destination-notes.ts";
import type { DestinationCore } from "./destination-core.ts";

/** After so long it is told that messages wait for a listener that has not come. */
const PATIENCE_MS = 10_000;

/**
 * The listeners of a durable destination, by their names: those that were there when the process ended are remembered, so
 * that what is sent before they have come again, and what was left for them, waits for them.
 */
export class DurableListeners {
  readonly #core: DestinationCore;
  #notes: DestinationNotes | undefined;
  #alarm: Alarm | undefined;

  constructor(core: DestinationCore) {
    this.#core = core;
  }

  /** @throws {InvalidConfigurationError} a listener has no name, or that of another */
  check(listener: MessageListener, { name }: CheckedListenOptions): void {
    const refuse = (value: unknown, allowed: string): never => {
      const where = `listen at "${this.#core.name}"`;
      throw new InvalidConfigurationError({ where, attribute: "name", value, allowed });
    };
    if (name === undefined) {
      refuse(
        name,
        "given: by its name a listener of a durable destination is known after a restart",
      );
    }
    const { listenings } = this.#core.listeners.roster;
    const isTaken = listenings.some((one) => one.name === name && one.listener !== listener);
    if (isTaken) refuse(name, "one that no other listener here has");
  }

  /** The store is open. */
  open(notes: DestinationNotes): void {
    this.#notes = notes;
    for (const { name } of this.#core.listeners.roster.listenings) notes.remember(name);
  }

  /** Those that are remembered, here or not. */
  get remembered(): readonly string[] {
    return this.#notes?.listeners ?? [];
  }

  /** Those that are remembered and not here. */
  get missing(): readonly string[] {
    return this.remembered.filter((name) => !this.#isHere(name));
  }

  remembers({ name }: Listening): boolean {
    return this.remembered.includes(name);
  }

  remember(name: string): void {
    this.#notes?.remember(name);
  }

  /** @returns false if it was not known */
  forget(name: string): boolean {
    return this.#notes?.forget(name) === true;
  }

  /** Who of those that are here has still to get a message; undefined if nobody. */
  rosterFor({ names, done }: DurableRecord): Roster | undefined {
    const { roster } = this.#core.listeners;
    const { listenings } = roster;
    const chosen = listenings.filter(({ name }) => {
      return names?.includes(name) !== false && !done.includes(name);
    });
    if (chosen.length === 0) return undefined;
    return chosen.length === listenings.length ? roster : new Roster(chosen);
  }

  /** Who has still to get a message, here or not. */
  outstanding({ names, done }: DurableRecord): readonly string[] {
    const { remembered } = this;
    return (names ?? remembered).filter(
      (name) => !done.includes(name) && remembered.includes(name),
    );
  }

  /** Messages wait for somebody who is not here: if that lasts, it is told. */
  areMissed(): void {
    if (this.#alarm !== undefined) return;
    const { deadlines, reporter } = this.#core.environment;
    this.#alarm = new Alarm(() => {
      this.#alarm = undefined;
      const { missing } = this;
      if (missing.length === 0 || this.#core.isRemoved) return;
      const names = missing.map((name) => `"${name}"`).join(", ");
      const text = `Messages of "${this.#core.name}" wait for listeners that have not come again`;
      const advice = `Not here: ${names}. Register them, or let the destination forget them by forgetListener.`;
      reporter.problem(text, new Error(advice));
    });
    deadlines.set(PATIENCE_MS, this.#alarm);
  }

  #isHere(name: string): boolean {
    return this.#core.listeners.roster.listenings.some((one) => one.name === name);
  }
}
