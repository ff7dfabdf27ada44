import type { ListenerStatistics } from "../statistics/destination-statistics.ts";
import type { CheckedListenOptions } from "./listen-options.ts";
import { Listening } from "./listening.ts";
import type { MessageListener, MessageListenerFunction } from "./message-listener.ts";
import { receiverOf } from "./receiver.ts";
import { Registration } from "./registration.ts";
import { Roster } from "./roster.ts";

/** Told of changes. */
export interface ListenerRegistryObserver {
  listenerRegistered(listening: Listening): void;
  listenerUnregistered(listening: Listening): void;
}

/** Makes what hands a listener its messages in the place where it runs. */
export type Place = (listener: MessageListener) => MessageListenerFunction;

const NOBODY = new Roster([]);

/** The listeners of one destination. */
export class ListenerRegistry {
  private readonly observer: ListenerRegistryObserver;
  /** Those of this moment. */
  roster: Roster = NOBODY;
  private registeredEver = 0;
  /** Makes what calls a listener in the place where listeners run; undefined on the event loop. */
  private place: Place | undefined = undefined;
  private isTimed = false;

  constructor(observer: ListenerRegistryObserver) {
    this.observer = observer;
  }

  /**
   * Registers a listener. One that is registered already keeps its place, and either registration ends it.
   *
   * @throws {InvalidConfigurationError} it cannot run where listeners run
   */
  add(listener: MessageListener, options: CheckedListenOptions): Registration {
    let listening = this.listenings.find((known) => known.listener === listener);
    if (listening === undefined) {
      const receive = this.receiveOf(listener);
      const position = this.registeredEver + 1;
      listening = new Listening(listener, receive, options, position, () => this.roster.judge());
      if (this.place !== undefined) listening.moveTo(receive, true);
      listening.limitTime(this.isTimed);
      this.registeredEver = position;
      this.replace([...this.listenings, listening]);
      this.observer.listenerRegistered(listening);
    }
    const registered = listening;
    return new Registration(() => this.remove(registered));
  }

  /**
   * Lets all listeners run in another place, or, without one, on the event loop.
   *
   * @throws {InvalidConfigurationError} one of them cannot run there; nothing has changed
   */
  moveTo(place: Place | undefined): void {
    const { listenings } = this;
    const before = this.place;
    this.place = place;
    let receivers: MessageListenerFunction[];
    try {
      receivers = listenings.map(({ listener }) => this.receiveOf(listener));
    } catch (error) {
      this.place = before;
      throw error;
    }
    for (const [at, listening] of listenings.entries()) {
      listening.moveTo(receivers[at] as MessageListenerFunction, place !== undefined);
    }
    this.replace(listenings);
  }

  /** Whether the time of listeners is limited here, and not in the place where they run. */
  limitTime(isTimed: boolean): void {
    this.isTimed = isTimed;
    for (const listening of this.listenings) listening.limitTime(isTimed);
    this.roster.judge();
  }

  /** Unregisters all. */
  clear(): void {
    for (const listening of this.listenings) this.remove(listening);
  }

  statistics(): readonly ListenerStatistics[] {
    this.roster.settle();
    return Object.freeze(this.listenings.map((listening) => listening.statistics()));
  }

  private receiveOf(listener: MessageListener): MessageListenerFunction {
    return this.place === undefined ? receiverOf(listener) : this.place(listener);
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
