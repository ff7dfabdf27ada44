import { BusCore } from "../bus/bus-core.ts";
import { BusLifecycle } from "../bus/bus-lifecycle.ts";
import { checkBusOptions, type MessageBusOptions } from "../bus/bus-options.ts";
import type { MessageBusEventListener } from "../bus/message-bus-event-listener.ts";
import type { Destination } from "../destination/destination.ts";
import { DeadLetters } from "../destination/dead-letters.ts";
import { DestinationConfiguration } from "../destination/destination-configuration.ts";
import type { CloseReport } from "../destination/close-report.ts";
import { describeValue } from "../errors/describe-value.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import { UnknownDestinationError } from "../errors/unknown-destination-error.ts";
import { checkListenOptions, type ListenOptions } from "../listener/listen-options.ts";
import { checkMessageListener, type MessageListener } from "../listener/message-listener.ts";
import { Registration } from "../listener/registration.ts";
import type { SendOptions } from "../message/send-options.ts";
import type { RequestOptions } from "../reply/request-options.ts";
import type { BusStatistics } from "../statistics/bus-statistics.ts";
import { OptionReader } from "../validation/option-reader.ts";
import type {
  AnyContracts,
  TypedNameIn,
  DestinationContracts,
  NameIn,
  PayloadOf,
  ReplyOf,
} from "./destination-contracts.ts";
import type { Schedule } from "./schedule.ts";
import type { ScheduleOptions } from "./schedule-options.ts";
import { Schedules } from "./schedules.ts";

/** How a bus or a destination is closed. */
export interface CloseOptions {
  /** How long what was accepted may take to finish, in milliseconds. Default: the bus's `closeDeadlineMs` (10,000). */
  readonly deadlineMs?: number;
}

/**
 * A service bus: senders send messages to named destinations, listeners receive them there, neither knows the other.
 *
 * `new MessageBus<{ "acme/orders": { payload: Order; reply: Receipt } }>()` makes `send`, `listen` and `request` narrow
 * by name.
 */
export class MessageBus<
  Contracts extends DestinationContracts<Contracts> = AnyContracts,
> implements AsyncDisposable {
  readonly #core: BusCore;
  readonly #lifecycle: BusLifecycle;
  readonly #closeDeadlineMs: number;
  readonly #schedules: Schedules;

  /** @throws {InvalidConfigurationError} an option is not what is allowed */
  constructor(options?: MessageBusOptions) {
    const checked = checkBusOptions(options);
    this.#core = new BusCore(checked);
    this.#lifecycle = new BusLifecycle(this.#core);
    this.#closeDeadlineMs = checked.closeDeadlineMs;
    this.#schedules = new Schedules(this.#core);
  }

  /**
   * Sends a message to a destination: fire and forget. See `Destination.send`.
   *
   * @throws {UnknownDestinationError}
   */
  send<Name extends NameIn<Contracts>>(
    name: Name,
    payload: PayloadOf<Contracts, Name>,
    options?: SendOptions,
  ): void | Promise<void> {
    return this.#core.get(name).entrance.send(payload, options);
  }

  /**
   * Sends a message and waits for the first reply. See `Destination.request`.
   *
   * Rejects also with `UnknownDestinationError`.
   */
  request<Name extends NameIn<Contracts>>(
    name: Name,
    payload: PayloadOf<Contracts, Name>,
    options?: RequestOptions,
  ): Promise<ReplyOf<Contracts, Name>> {
    const destination = this.#core.find(name);
    if (destination === undefined) return Promise.reject(new UnknownDestinationError(name));
    return destination.entrance.request(payload, options) as Promise<ReplyOf<Contracts, Name>>;
  }

  /**
   * Registers a listener at a destination, which need not exist yet: the listener is attached when it appears.
   *
   * @throws {InvalidConfigurationError} @throws {BusClosedError}
   */
  listen<Name extends NameIn<Contracts>>(
    name: Name,
    listener: MessageListener<PayloadOf<Contracts, Name>, ReplyOf<Contracts, Name>>,
    options?: ListenOptions,
  ): Registration {
    const where = `listen at ${describeValue(name)}`;
    const checked = checkListenOptions(options, where);
    return this.#core.listen(name, checkMessageListener(listener, where), checked);
  }

  /**
   * Adds a destination.
   *
   * @throws {DuplicateDestinationError} the name is taken
   * @throws {InvalidConfigurationError} the type is not known, or refuses the configuration
   * @throws {SealedDestinationError} the name is that of a preconfigured destination
   * @throws {BusClosedError}
   */
  addDestination<Name extends TypedNameIn<Contracts>>(
    configuration: DestinationConfiguration<Name>,
  ): Destination<PayloadOf<Contracts, Name>, ReplyOf<Contracts, Name>>;
  addDestination<Payload, Reply = unknown>(
    configuration: string extends keyof Contracts ? DestinationConfiguration : never,
  ): Destination<Payload, Reply>;
  addDestination(configuration: DestinationConfiguration): Destination {
    return this.#core.add(checkConfiguration(configuration, "addDestination")).handle;
  }

  /**
   * Changes the type or the attributes of a live destination, at once: its handle, listeners, waiting messages, counters
   * and paused state stay.
   *
   * @throws {UnknownDestinationError} @throws {InvalidConfigurationError} @throws {SealedDestinationError}
   * @throws {BusClosedError}
   */
  replaceDestination<Name extends NameIn<Contracts>>(
    configuration: DestinationConfiguration<Name>,
  ): Destination<PayloadOf<Contracts, Name>, ReplyOf<Contracts, Name>> {
    const { handle } = this.#core.replace(checkConfiguration(configuration, "replaceDestination"));
    return handle as Destination<PayloadOf<Contracts, Name>, ReplyOf<Contracts, Name>>;
  }

  /**
   * Refuses new messages at a destination, finishes those it has accepted, up to the deadline, and removes it.
   *
   * @returns what was not delivered
   *
   * Rejects with `UnknownDestinationError`, `SealedDestinationError`, `InvalidConfigurationError` or `BusClosedError`.
   */
  async removeDestination(name: NameIn<Contracts>, options?: CloseOptions): Promise<CloseReport> {
    const deadlineMs = this.#deadlineOf(options, "removeDestination");
    this.#core.refuseIfClosed("removeDestination");
    return this.#lifecycle.remove(this.#core.getUnsealed(name, "removed"), deadlineMs);
  }

  /**
   * Resolves when the store is open, and all durable destinations that have been added know what lies in it. Nothing need
   * wait for that: sends do so by themselves.
   *
   * Rejects with a `StoreError`.
   */
  async ready(): Promise<void> {
    await this.#core.store?.opened;
    await Promise.all(this.#core.destinations.map(async ({ durable }) => durable?.start.ready));
  }

  /** A destination's handle; `undefined` if there is none of that name. */
  getDestination<Name extends NameIn<Contracts>>(
    name: Name,
  ): Destination<PayloadOf<Contracts, Name>, ReplyOf<Contracts, Name>> | undefined {
    return this.#core.find(name)?.handle as Destination<
      PayloadOf<Contracts, Name>,
      ReplyOf<Contracts, Name>
    >;
  }

  hasDestination(name: string): boolean {
    return this.#core.find(name) !== undefined;
  }

  /**
   * The messages that a dead letter destination keeps: to be looked at, sent back or deleted.
   *
   * @throws {UnknownDestinationError} @throws {InvalidConfigurationError} the destination keeps none
   */
  deadLetters(name: NameIn<Contracts>): DeadLetters {
    return DeadLetters.of(this.#core.get(name));
  }

  /**
   * Sends a message to a destination again and again, or once, at times of its own: a cron pattern, a period, a moment. It
   * keeps the process alive, and ends when the bus drains or closes.
   *
   * @param name what it is called: 1 to 255 characters
   * @throws {InvalidConfigurationError} the name is taken, or an option is not what is allowed
   * @throws {UnknownDestinationError} @throws {BusClosedError}
   */
  schedule<Name extends NameIn<Contracts>>(
    name: string,
    options: ScheduleOptions<Name, PayloadOf<Contracts, Name>>,
  ): Schedule {
    return this.#schedules.add(name, options);
  }

  /** The schedule of that name, unless it has run for the last time, or was removed. */
  getSchedule(name: string): Schedule | undefined {
    return this.#schedules.get(name);
  }

  /** All schedules, by name: as they are now. */
  get schedules(): readonly Schedule[] {
    return Object.freeze(this.#schedules.all);
  }

  /** Whether the destination exists and somebody listens there. */
  hasListener(name: string): boolean {
    return (this.#core.find(name)?.listeners.roster.listenings.length ?? 0) > 0;
  }

  /** The names of all destinations, sorted: as they are now. */
  get destinationNames(): readonly string[] {
    return Object.freeze(this.#core.destinations.map(({ name }) => name));
  }

  /** The handles of all destinations, by name: as they are now. */
  get destinations(): readonly Destination[] {
    return Object.freeze(this.#core.destinations.map(({ handle }) => handle));
  }

  /** One frozen reading of the whole bus: see `BusStatistics`. */
  get statistics(): BusStatistics {
    return this.#core.statistics;
  }

  /** Is told when destinations are added, replaced and removed. @throws {InvalidConfigurationError} */
  addMessageBusEventListener(listener: MessageBusEventListener): Registration {
    return new Registration(this.#core.events.add(listener, "addMessageBusEventListener"));
  }

  /**
   * Refuses new messages, except those that running listeners of the bus send, and finishes the accepted ones. Paused
   * destinations are resumed. Resolves when nothing is left.
   */
  drain(): Promise<void> {
    this.#schedules.stop();
    return this.#lifecycle.drain();
  }

  /**
   * Drains up to a deadline; then drops what still waits, aborts `context.signal` of what still runs, and fails what
   * still waits for a reply. A repeated call gets the first one's report.
   *
   * @returns what was not delivered. Rejects with `InvalidConfigurationError`.
   */
  async close(options?: CloseOptions): Promise<CloseReport> {
    const deadlineMs = this.#deadlineOf(options, "close");
    this.#schedules.stop();
    return this.#lifecycle.close(deadlineMs);
  }

  /** `await using bus = new MessageBus()` closes it with the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #deadlineOf(options: CloseOptions | undefined, where: string): number {
    return (
      new OptionReader(where, options, ["deadlineMs"]).duration("deadlineMs") ??
      this.#closeDeadlineMs
    );
  }
}

function checkConfiguration(configuration: unknown, where: string): DestinationConfiguration {
  if (configuration instanceof DestinationConfiguration) return configuration;
  throw new InvalidConfigurationError({
    where,
    attribute: "configuration",
    value: configuration,
    allowed: "a DestinationConfiguration",
  });
}
