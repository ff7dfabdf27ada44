import type { ListenerStatistics } from "../statistics/destination-statistics.ts";
import type { CheckedListenOptions } from "./listen-options.ts";
import { Listening } from "./listening.ts";
import type { MessageListener } from "./message-listener.ts";
import { Registration } from "./registration.ts";
import { Roster } from "./roster.ts";

/** Told of changes. */
export interface ListenerRegistryObserver {
  listenerRegistered(listening: Listening): void;
  listenerUnregistered(listening: Listening): void;
}

const NOBODY = new Roster([]);

/** The listeners of one destination. */
export class ListenerRegistry {
  private readonly observer: ListenerRegistryObserver;
  /** Those of this moment. */
  roster: Roster = NOBODY;
  private registeredEver = 0;

  constructor(observer: ListenerRegistryObserver) {
    this.observer = observer;
  }

  /** Registers a listener. One that is registered already keeps its place, and either registration ends it. */
  add(listener: MessageListener, options: CheckedListenOptions): Registration {
    let listening = this.listenings.find((known) => known.listener === listener);
    if (listening === undefined) {
      this.registeredEver += 1;
      listening = new Listening(listener, options, this.registeredEver, () => this.roster.judge());
      this.replace([...this.listenings, listening]);
      this.observer.listenerRegistered(listening);
    }
    const registered = listening;
    return new Registration(() => this.remove(registered));
  }

  /** Unregisters all. */
  clear(): void {
    for (const listening of this.listenings) this.remove(listening);
  }

  statistics(): readonly ListenerStatistics[] {
    this.roster.settle();
    return Object.freeze(this.listenings.map((listening) => listening.statistics()));
  }

  private get listenings(): readonly Listening[] {
    return this.roster.listenings;
  }

  private replace(listenings: readonly Listening[]): void {
    this.roster.retire();
    this.roster = new Roster(listenings);
    this.roster.judge();
  }

  private remove(listening: Listening): void {
    if (!listening.isRegistered) return;
    this.replace(this.listenings.filter((other) => other !== listening));
    listening.unregister();
    this.observer.listenerUnregistered(listening);
  }
}
