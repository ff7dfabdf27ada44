import type { Clock } from "../clock/clock.ts";
import { Deadlines } from "../clock/deadlines.ts";
import { KeepAlive } from "../clock/keep-alive.ts";
import type { DestinationConfiguration } from "../destination/destination-configuration.ts";
import { DestinationCore } from "../destination/destination-core.ts";
import type {
  BusStage,
  DestinationEnvironment,
  Routing,
} from "../destination/destination-environment.ts";
import { DestinationNames } from "../destination/destination-names.ts";
import {
  checkDestinationType,
  type DestinationType,
  type DestinationTypeFactory,
} from "../destination/destination-type.ts";
import { registerListener } from "../destination/register-listener.ts";
import { EventListeners } from "../diagnostics/event-listeners.ts";
import { channels, isObserved } from "../diagnostics/channels.ts";
import { FailureReporter } from "../diagnostics/failure-reporter.ts";
import { BusClosedError } from "../errors/bus-closed-error.ts";
import { DuplicateDestinationError } from "../errors/duplicate-destination-error.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import { SealedDestinationError } from "../errors/sealed-destination-error.ts";
import { UnknownDestinationError } from "../errors/unknown-destination-error.ts";
import type { CheckedListenOptions } from "../listener/listen-options.ts";
import type { MessageListener } from "../listener/message-listener.ts";
import type { Registration } from "../listener/registration.ts";
import { Message } from "../message/message.ts";
import type { MessageExtras } from "../message/message-extras.ts";
import { MessageIds } from "../message/message-ids.ts";
import type { SendMoment } from "../message/send-moment.ts";
import { mayWait } from "../queue/rejected-execution-handler.ts";
import { PendingReplies } from "../reply/pending-replies.ts";
import type { PendingReply } from "../reply/pending-reply.ts";
import { SuspectTrials } from "../queue/suspect-trials.ts";
import { BusStore } from "../store/bus-store.ts";
import { type BusStatistics, totalOf } from "../statistics/bus-statistics.ts";
import { checkDestinationName } from "../validation/destination-name.ts";
import { Dispatcher } from "../worker/dispatcher.ts";
import { SendersTurn } from "../worker/senders-turn.ts";
import { WaitGraph } from "../worker/wait-graph.ts";
import { AwaitedListeners } from "./awaited-listeners.ts";
import type { CheckedBusOptions } from "./bus-options.ts";
import { BUS_EVENTS, type MessageBusEventListener } from "./message-bus-event-listener.ts";
import { keptShapes } from "./kept-shapes.ts";
import { preconfiguredDestinations } from "./preconfigured-destinations.ts";

/** A bus from the inside: it knows the destinations by name, and is what they all share. */
export class BusCore implements DestinationEnvironment {
  mayWait = false;
  lastMoment: SendMoment | undefined;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly dispatcher: Dispatcher;
  readonly reporter: FailureReporter;
  readonly ids: MessageIds = new MessageIds();
  readonly requests: PendingReplies;
  readonly sendersTurn: SendersTurn = new SendersTurn();
  readonly waits: WaitGraph = new WaitGraph();
  readonly events: EventListeners<MessageBusEventListener>;
  readonly keepAlive: KeepAlive;
  readonly store: BusStore | undefined;
  readonly trials: SuspectTrials;
  /** Called whenever a destination has become idle while the bus is not open. */
  whenOneIsIdle: (() => void) | undefined;
  readonly #types: ReadonlyMap<string, DestinationTypeFactory>;
  readonly #destinations = new Map<string, DestinationCore>();
  readonly #awaited = new AwaitedListeners();
  /** Held, never read. */
  readonly keptShapes: readonly object[];
  /** Where replies travel over. */
  readonly #answers: DestinationCore;
  #stage: BusStage = "open";
  /** How many wait for what no message and no request stands for. */
  #holds = 0;

  constructor(options: CheckedBusOptions) {
    const { clock, deliveriesPerTurn } = options;
    this.clock = clock;
    this.deadlines = new Deadlines(clock, (text, error) => this.reporter.problem(text, error));
    this.keepAlive = new KeepAlive(clock);
    this.trials = new SuspectTrials(this.deadlines);
    this.dispatcher = new Dispatcher({
      clock,
      deliveriesPerTurn,
      // A queued message or a pending request keeps the process alive; an idle bus does not.
      isWaiting: (hasWork) =>
        this.stage !== "closed" && (hasWork || this.requests.size > 0 || this.#holds > 0),
      holdProcess: (isNeeded) => this.keepAlive.hold(isNeeded),
      problem: (text, error) => this.reporter.problem(text, error),
    });
    this.requests = new PendingReplies(this.ids, this.deadlines, () =>
      this.dispatcher.lookAround(),
    );
    this.reporter = new FailureReporter(options.onError, options.logger);
    this.events = new EventListeners(BUS_EVENTS, this.reporter);
    this.store =
      options.store === undefined ? undefined : new BusStore(options.store, clock, this.reporter);
    this.#types = options.destinationTypes;
    for (const configuration of preconfiguredDestinations) {
      this.#put(this.#make(configuration, true));
    }
    this.#answers = this.get(DestinationNames.MESSAGE_BUS_DEFAULT_RESPONSE);
    this.keptShapes = keptShapes(this.#answers, this.requests);
    this.#answers.listeners.add((message: Message) => this.requests.receive(message), {
      name: "busline.replies",
      reportsStatus: false,
      isInternal: true,
    });
  }

  get stage(): BusStage {
    return this.#stage;
  }

  set stage(stage: BusStage) {
    this.#stage = stage;
    for (const destination of this.#destinations.values()) destination.lookAgain();
  }

  /** All destinations, by name. */
  get destinations(): DestinationCore[] {
    return [...this.#destinations.values()].toSorted((one, other) =>
      one.name < other.name ? -1 : 1,
    );
  }

  /** Nothing waits and nothing runs anywhere. */
  get isIdle(): boolean {
    for (const destination of this.#destinations.values()) if (!destination.isIdle) return false;
    return true;
  }

  get isUnseen(): boolean {
    for (const { outcomes } of this.#destinations.values()) if (outcomes.isUnseen) return true;
    return false;
  }

  get statistics(): BusStatistics {
    const { size, lateReplies } = this.requests;
    const destinations = this.destinations.map((destination) => destination.statistics);
    return totalOf(destinations, { pending: size, lateReplies });
  }

  find(name: string): DestinationCore | undefined {
    return this.#destinations.get(name);
  }

  /** @throws {UnknownDestinationError} */
  get(name: string): DestinationCore {
    const core = this.#destinations.get(name);
    if (core === undefined) throw new UnknownDestinationError(name);
    return core;
  }

  /** @throws {UnknownDestinationError} @throws {SealedDestinationError} */
  getUnsealed(name: string, attempt: string): DestinationCore {
    const core = this.get(name);
    if (core.isSealed) throw new SealedDestinationError(name, attempt);
    return core;
  }

  add(configuration: DestinationConfiguration): DestinationCore {
    this.refuseIfClosed("addDestination");
    const known = this.#destinations.get(configuration.destinationName);
    if (known?.isSealed) throw new SealedDestinationError(known.name, "added over");
    if (known !== undefined) throw new DuplicateDestinationError(known.name);
    const core = this.#make(configuration, false);
    try {
      this.#awaited.attach(core.name, (listener, options) =>
        registerListener(core, listener, options),
      );
    } catch (error) {
      void core.place?.release(true);
      core.durable?.halt();
      throw error;
    }
    this.#put(core);
    this.events.tell("destinationAdded", core.handle);
    return core;
  }

  replace(configuration: DestinationConfiguration): DestinationCore {
    this.refuseIfClosed("replaceDestination");
    const core = this.getUnsealed(configuration.destinationName, "replaced");
    core.replace(configuration, this.#typeOf(configuration));
    this.#lookAtHandler(configuration);
    this.events.tell("destinationReplaced", core.handle);
    return core;
  }

  /** Takes a destination out that has been closed. */
  forget(core: DestinationCore): void {
    this.#destinations.delete(core.name);
    core.listeners.clear();
    this.events.tell("destinationRemoved", core.handle);
    this.becameIdle();
  }

  listen(name: string, listener: MessageListener, options: CheckedListenOptions): Registration {
    this.refuseIfClosed("listen");
    const core = this.#destinations.get(checkDestinationName(name, "listen"));
    if (core !== undefined) return registerListener(core, listener, options);
    return this.#awaited.add(name, listener, options);
  }

  answer(request: PendingReply, value: unknown): boolean {
    const { counters, isWideOpen, listeners } = this.#answers;
    const isSeen = isObserved(channels.send) || isObserved(channels.deliver);
    const { roster } = listeners;
    if (!isWideOpen || isSeen || isObserved(channels.reply) || roster.listenings.length > 1)
      return false;
    counters.acceptedAtOnce();
    counters.passed();
    roster.countFirst(1);
    if (request.isSettled) this.requests.ignoreLate();
    else request.succeed(value);
    return true;
  }

  address(destinationName: string, payload: unknown, extras: MessageExtras, id?: string): Message {
    return new Message(payload, this.get(destinationName).entrance.moments.now(), extras, id);
  }

  momentAt(destinationName: string, sentAt: number): SendMoment {
    return this.get(destinationName).entrance.moments.since(sentAt);
  }

  keepsMessages(destinationName: string): boolean {
    return this.get(destinationName).type.isHolding === true;
  }

  route(message: Message, routing: Routing): void | Promise<void> {
    return this.get(message.destinationName).entrance.take(message, routing);
  }

  hold(): () => void {
    this.#holds += 1;
    this.dispatcher.lookAround();
    return () => {
      this.#holds -= 1;
      this.dispatcher.lookAround();
    };
  }

  becameIdle(): void {
    this.whenOneIsIdle?.();
  }

  /** @throws {BusClosedError} */
  refuseIfClosed(attempt: string): void {
    if (this.stage === "closed") throw new BusClosedError(attempt);
  }

  /** Ends all timers. */
  release(): void {
    this.keepAlive.release();
    this.deadlines.release();
    for (const destination of this.#destinations.values()) destination.pool?.workforce.release();
  }

  #make(configuration: DestinationConfiguration, isSealed: boolean): DestinationCore {
    return new DestinationCore(configuration, this.#typeOf(configuration), this, isSealed);
  }

  #put(core: DestinationCore): void {
    this.#destinations.set(core.name, core);
    this.#lookAtHandler(core.configuration);
  }

  #lookAtHandler({ rejectedExecutionHandler }: DestinationConfiguration): void {
    if (this.mayWait || rejectedExecutionHandler === undefined) return;
    if (!mayWait(rejectedExecutionHandler)) return;
    this.mayWait = true;
    for (const destination of this.#destinations.values()) destination.lookAgain();
  }

  #typeOf(configuration: DestinationConfiguration): DestinationType {
    const factory = this.#types.get(configuration.destinationType);
    if (factory !== undefined) return checkDestinationType(factory(configuration), configuration);
    throw new InvalidConfigurationError({
      where: `DestinationConfiguration "${configuration.destinationName}"`,
      attribute: "destinationType",
      value: configuration.destinationType,
      allowed: `a type that this bus knows (${[...this.#types.keys()].join(", ")})`,
    });
  }
}
