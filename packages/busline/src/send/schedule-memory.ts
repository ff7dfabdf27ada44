import type { BusStore } from "../store/bus-store.ts";
import { scheduleKey } from "../store/store-keys.ts";

/** What a schedule remembers over the end of the process. */
export interface ScheduleState {
  /** When, and in which way, it was to run: what is remembered of another plan is forgotten. */
  readonly plan: string;
  /** When the last run was due, made or left out; before the first, when the schedule was made. Milliseconds since the epoch. */
  readonly dueAt: number;
  readonly lastRunAt?: number | undefined;
  /** Why the last message could not be sent. */
  readonly lastError?: string | undefined;
  readonly isPaused: boolean;
  /** It has run for the last time. */
  readonly isOver: boolean;
}

/** Keeps the state of one schedule in the bus's store. */
export class ScheduleMemory {
  readonly #store: BusStore;
  readonly #name: string;

  constructor(store: BusStore, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** What is remembered of that plan. A store that cannot be read has told so. */
  async read(plan: string): Promise<ScheduleState | undefined> {
    try {
      await this.#store.opened;
      const [value] = await this.#store.get([scheduleKey(this.#name)]);
      if (value === undefined) return undefined;
      const state = JSON.parse(new TextDecoder().decode(value)) as ScheduleState;
      return state.plan === plan ? state : undefined;
    } catch (error) {
      this.#store.problem(`Schedule "${this.#name}" does not know when it ran last`, error);
      return undefined;
    }
  }

  write(state: ScheduleState): void {
    const value = new TextEncoder().encode(JSON.stringify(state));
    this.#store.later({ key: scheduleKey(this.#name), value });
  }

  erase(): void {
    this.#store.later({ key: scheduleKey(this.#name), value: undefined });
  }
}
