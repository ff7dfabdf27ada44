import type { ListenerStatistics } from "../statistics/destination-statistics.ts";
import type { CheckedListenOptions } from "./listen-options.ts";
import { Listening } from "./listening.ts";
import type { MessageListener } from "./message-listener.ts";
import { Registration } from "./registration.ts";

/** Told of changes. */
export interface ListenerRegistryObserver {
  listenerRegistered(listening: Listening): void;
  listenerUnregistered(listening: Listening): void;
}

/**
 * The listeners of one destination, in the order of their registration. The list is replaced at each change and never
 * altered, so a message that keeps the list of its sending keeps exactly the listeners of that moment.
 */
export class ListenerRegistry {
  private readonly observer: ListenerRegistryObserver;
  current: readonly Listening[] = [];
  private registeredEver = 0;

  constructor(observer: ListenerRegistryObserver) {
    this.observer = observer;
  }

  /** The listeners of this moment; a later change makes a new list. */
  /** Registers a listener. One that is registered already keeps its place, and either registration ends it. */
  add(listener: MessageListener, options: CheckedListenOptions): Registration {
    let listening = this.current.find((known) => known.listener === listener);
    if (listening === undefined) {
      this.registeredEver += 1;
      listening = new Listening(listener, options, this.registeredEver);
      this.current = [...this.current, listening];
      this.observer.listenerRegistered(listening);
    }
    const registered = listening;
    return new Registration(() => this.remove(registered));
  }

  /** Unregisters all. */
  clear(): void {
    for (const listening of this.current) this.remove(listening);
  }

  statistics(): readonly ListenerStatistics[] {
    return Object.freeze(this.current.map((listening) => listening.statistics()));
  }

  private remove(listening: Listening): void {
    if (!listening.isRegistered) return;
    listening.unregister();
    this.current = this.current.filter((other) => other !== listening);
    this.observer.listenerUnregistered(listening);
  }
}
