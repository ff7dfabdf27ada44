import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import { isThenable } from "../validation/thenable.ts";
import type { FailureReporter } from "./failure-reporter.ts";

type Methods<Listener> = { [Event in keyof Listener]-?: NonNullable<Listener[Event]> };

const NOBODY: readonly never[] = [];

/** A set of event listeners whose failures harm nobody. */
export class EventListeners<Listener extends object> {
  readonly #events: readonly (keyof Listener & string)[];
  readonly #reporter: FailureReporter;
  #listeners: readonly Listener[] = NOBODY;

  constructor(events: readonly (keyof Listener & string)[], reporter: FailureReporter) {
    this.#events = events;
    this.#reporter = reporter;
  }

  /**
   * Adds a listener; one that is there already is not added again.
   *
   * @returns what takes it away
   * @throws {InvalidConfigurationError} it is no object with at least one of the methods
   */
  add(listener: Listener, where: string): () => void {
    if (!this.hears(listener)) {
      throw new InvalidConfigurationError({
        where,
        attribute: "event listener",
        value: listener,
        allowed: `an object with at least one of the methods ${this.#events.join(", ")}`,
      });
    }
    if (!this.#listeners.includes(listener)) this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  /** Whether there is anybody to be told. */
  get hasListeners(): boolean {
    return this.#listeners.length > 0;
  }

  /** Tells all that have the method. */
  tell<Event extends keyof Listener & string>(
    event: Event,
    ...details: Methods<Listener>[Event] extends (...parameters: infer Parameters) => unknown
      ? Parameters
      : never
  ): void {
    for (const listener of this.#listeners) {
      const failed = (error: unknown): void =>
        this.#reporter.problem(`An event listener's ${event} failed`, error);
      try {
        const method: unknown = listener[event];
        if (typeof method !== "function") continue;
        const told: unknown = Reflect.apply(method, listener, details);
        if (isThenable(told)) Promise.resolve(told).catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }

  private hears(listener: unknown): boolean {
    if (typeof listener !== "object" || listener === null) return false;
    try {
      return this.#events.some((event) => typeof Reflect.get(listener, event) === "function");
    } catch {
      return false;
    }
  }
}
