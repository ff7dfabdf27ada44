import { EventListeners } from "../diagnostics/event-listeners.ts";
import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import { SealedDestinationError } from "../errors/sealed-destination-error.ts";
import type { Listening } from "../listener/listening.ts";
import { ListenerRegistry, type ListenerRegistryObserver } from "../listener/listener-registry.ts";
import type { Message } from "../message/message.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import { FifoQueue } from "../queue/fifo-queue.ts";
import { SpaceWaiters } from "../queue/space-waiters.ts";
import { DestinationCounters } from "../statistics/destination-counters.ts";
import {
  type DestinationStatistics,
  messageCountsOf,
} from "../statistics/destination-statistics.ts";
import { OptionReader } from "../validation/option-reader.ts";
import type { Delivery } from "../worker/delivery.ts";
import type { BusStore } from "../store/bus-store.ts";
import { purge } from "../worker/dropped-messages.ts";
import type { PoolSettings } from "../worker/pool-settings.ts";
import { createLine } from "../worker/line.ts";
import { WorkerPool } from "../worker/worker-pool.ts";
import { DeliveryOutcomes } from "./delivery-outcomes.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { Destination } from "./destination.ts";
import { resolveWorkerSizes } from "./destination-attributes.ts";
import type { DestinationConfiguration } from "./destination-configuration.ts";
import type { DestinationEnvironment } from "./destination-environment.ts";
import { DESTINATION_EVENTS, type DestinationEventListener } from "./destination-event-listener.ts";
import type { DestinationType } from "./destination-type.ts";
import { checkChange } from "./configuration-change.ts";
import { DurableMessages } from "./durable-messages.ts";
import { Entrance } from "./entrance.ts";
import { sizesOf, WorkerPlace } from "./worker-place.ts";

const NO_WORKERS = {
  activeWorkerCount: 0,
  currentWorkerCount: 0,
  largestWorkerCount: 0,
  workersCoreSize: 0,
  workersMaxSize: 0,
} as const;

/**
 * One destination from the inside: it outlives every change of its configuration, so that listeners, waiting messages,
 * counters and handles stay what they are. Messages come in at its entrance; what becomes of them is booked by its
 * outcomes.
 */
export class DestinationCore implements ListenerRegistryObserver {
  readonly name: string;
  readonly isSealed: boolean;
  readonly environment: DestinationEnvironment;
  readonly handle: Destination;
  readonly entrance: Entrance;
  readonly outcomes: DeliveryOutcomes;
  readonly counters: DestinationCounters = new DestinationCounters();
  readonly listeners: ListenerRegistry;
  readonly events: EventListeners<DestinationEventListener>;
  private spaceWaiters: SpaceWaiters | undefined = undefined;
  /** What stops watching the signals of those who sent messages. */
  watches: Map<Message, () => void> | undefined;
  /** Deliveries in senders' turns that go on. */
  inTurn: Set<Delivery> | undefined;
  configuration: DestinationConfiguration;
  type: DestinationType;
  /** Present once the type has had a queue, and a message has come. */
  pool: WorkerPool | undefined;
  /** Where the workers run the listeners; present once that has been elsewhere than on the event loop. */
  place: WorkerPlace | undefined;
  /** What looks into the messages that it keeps; made when somebody asks for it. */
  deadLetters: DeadLetters | undefined;
  /** Keeps its messages in the bus's store, where they are durable. */
  durable: DurableMessages | undefined;
  isPaused = false;
  /** It lets in only what its own running listeners send. */
  isClosing = false;
  /** It is no longer part of the bus. */
  isRemoved = false;
  private whenIdle: (() => void)[] | undefined;
  /** A queue of the user's own wants to be told of the ends of what it has given out. */
  private hasHadSource = false;

  constructor(
    configuration: DestinationConfiguration,
    type: DestinationType,
    environment: DestinationEnvironment,
    isSealed: boolean,
  ) {
    this.name = configuration.destinationName;
    this.isSealed = isSealed;
    this.environment = environment;
    this.configuration = configuration;
    this.type = type;
    this.handle = new Destination(this);
    this.entrance = new Entrance(this);
    this.outcomes = new DeliveryOutcomes(this);
    this.events = new EventListeners(DESTINATION_EVENTS, environment.reporter);
    this.listeners = new ListenerRegistry(this);
    this.applyConfiguration(configuration, type);
  }

  /** Nothing that comes has to be looked at more closely. To be told of whatever may change that. */
  isWideOpen = true;
  /** The sender's turn delivers, to one listener after the other, and none of them has to be followed. */
  isPlainTurn = false;
  /** Messages wait here for workers; otherwise the sender's turn delivers. */
  hasQueue = false;
  /** The pool, where messages wait in its line and not in a queue of the user's own. */
  line: WorkerPool | undefined;

  listenerRegistered(listening: Listening): void {
    const { listener } = listening;
    this.place?.lookAgain();
    this.lookAgain();
    this.durable?.listenerCame(listening);
    this.events.tell("messageListenerRegistered", this.name, listener);
  }

  listenerUnregistered({ listener }: Listening): void {
    this.place?.lookAgain();
    this.lookAgain();
    this.events.tell("messageListenerUnregistered", this.name, listener);
  }

  /** The pool; made by whoever first needs it, as most of a hundred thousand destinations may never see a message. */
  get workerPool(): WorkerPool | undefined {
    if (this.pool === undefined && this.type.createQueue !== undefined) {
      this.makePool(this.configuration, this.type, this.type.createQueue());
    }
    return this.pool;
  }

  /** Senders that wait for room. */
  get waiters(): SpaceWaiters {
    this.spaceWaiters ??= new SpaceWaiters();
    return this.spaceWaiters;
  }

  get statistics(): DestinationStatistics {
    const { clock } = this.environment;
    const pool = this.workerPool;
    const oldest = pool?.backlog.oldestSentAt;
    // A type without a queue may still be emptying the one of the type before it.
    const isHolding = this.type.isHolding === true;
    const hasWorkers =
      (this.hasQueue && !isHolding) || (pool?.workforce.counts.activeWorkerCount ?? 0) > 0;
    return Object.freeze({
      destinationName: this.name,
      destinationType: this.configuration.destinationType,
      ...messageCountsOf(this.counters, pool?.aheadCount),
      ...((hasWorkers ? pool?.workforce.counts : undefined) ?? NO_WORKERS),
      oldestPendingAgeMs: oldest === undefined ? 0 : Math.max(0, clock.now() - oldest),
      missingListeners: Object.freeze(this.durable?.listeners.missing ?? []),
      listeners: this.listeners.statistics(),
    });
  }

  /** Nothing waits, nothing runs, nobody waits for room. */
  get isIdle(): boolean {
    const isEmpty =
      this.type.isHolding === true || (this.durable?.isIdle ?? this.counters.pending === 0);
    return isEmpty && this.counters.active === 0 && !this.isWaitedFor;
  }

  private get isWaitedFor(): boolean {
    return this.spaceWaiters !== undefined && this.spaceWaiters.size > 0;
  }

  /** Another type or other attributes, at once. What waits stays waiting, under the old type where the new has no queue. */
  replace(configuration: DestinationConfiguration, type: DestinationType): void {
    this.applyConfiguration(configuration, type);
    this.environment.waits.lookAgain();
  }

  /** @throws {SealedDestinationError} @throws {InvalidConfigurationError} */
  setWorkersSize(coreSize: number, maxSize: number): void {
    if (this.isSealed) throw new SealedDestinationError(this.name, "resized");
    const where = `setWorkersSize of "${this.name}"`;
    const pool = this.workerPool;
    if (pool === undefined || !this.hasQueue) {
      const allowed = `called where there are workers; a ${this.configuration.destinationType} destination has none`;
      throw new InvalidConfigurationError({
        where,
        attribute: "setWorkersSize",
        value: coreSize,
        allowed,
      });
    }
    const given = { workersCoreSize: coreSize, workersMaxSize: maxSize };
    const reader = new OptionReader(where, given, ["workersCoreSize", "workersMaxSize"]);
    const sizes = resolveWorkerSizes(reader, this.configuration.destinationType === "serial");
    const settings = {
      ...pool.settings,
      coreSize: sizes.workersCoreSize,
      maxSize: sizes.workersMaxSize,
    };
    pool.reconfigure(settings);
    this.place?.placed?.resize(settings);
    this.environment.waits.lookAgain();
  }

  /** Without effect while it, or its bus, is draining: what was accepted is to be finished. */
  pause(): void {
    if (this.isClosing || this.environment.stage !== "open") return;
    this.isPaused = true;
    this.lookAgain();
    this.pool?.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.lookAgain();
    this.pool?.resume();
    this.environment.waits.lookAgain();
  }

  /** @returns how many messages were dropped */
  purge(): number {
    const dropped = this.pool === undefined ? 0 : purge(this.pool, "purged").length;
    return this.durable?.purge(dropped) ?? dropped;
  }

  /** Finishes what it has accepted; then resolves. */
  finish(): Promise<void> {
    this.resume();
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      this.whenIdle ??= [];
      this.whenIdle.push(resolve);
      this.lookAgain();
    });
  }

  /** The bus, or the destination, has come to another stage: sums up what every message would otherwise ask for. */
  lookAgain(): void {
    const { environment, isClosing, isPaused, configuration } = this;
    const isClosed = environment.stage !== "open" || isClosing;
    this.isWideOpen =
      !isClosed &&
      !isPaused &&
      configuration.schema === undefined &&
      this.durable === undefined &&
      this.place?.placed === undefined;
    this.outcomes.followsListeners = environment.mayWait || isClosed;
    const isAwaited =
      this.watches !== undefined || this.whenIdle !== undefined || this.hasHadSource;
    this.outcomes.endsQuietly = !isClosed && !isAwaited;
    this.isPlainTurn =
      !this.hasQueue && this.type.workerPer === "message" && !this.outcomes.followsListeners;
    this.entrance.lookAgain();
    this.pool?.lookAgain();
  }

  /** To be called whenever a message may have been the last. */
  checkIdle(): void {
    if (this.whenIdle === undefined && this.environment.stage === "open") return;
    if (!this.isIdle) return;
    const waiting = this.whenIdle ?? [];
    this.whenIdle = undefined;
    this.lookAgain();
    for (const idle of waiting) idle();
    if (this.environment.stage !== "open") this.environment.becameIdle();
  }

  private applyConfiguration(configuration: DestinationConfiguration, type: DestinationType): void {
    checkChange(this, configuration, type);
    if (configuration.workers !== undefined) this.place ??= new WorkerPlace(this);
    const move = this.place?.move(configuration, this.configuration);
    try {
      this.applyQueue(configuration, type);
    } catch (error) {
      move?.undo();
      throw error;
    }
    this.configuration = configuration;
    this.type = type;
    const { workers, listenerTimeoutMs } = configuration;
    this.outcomes.listenerTimeoutMs = workers === undefined ? listenerTimeoutMs : undefined;
    this.listeners.limitTime(this.outcomes.listenerTimeoutMs !== undefined);
    this.hasQueue = type.createQueue !== undefined;
    this.lookAtQueue();
    this.lookAgain();
    move?.keep();
  }

  private applyQueue(configuration: DestinationConfiguration, type: DestinationType): void {
    const { pool } = this;
    const { createQueue } = type;
    if (configuration.durable === true && createQueue !== undefined) {
      return this.applyDurableQueue(configuration, type, createQueue);
    }
    if (createQueue !== undefined && pool !== undefined) {
      const isSameType =
        configuration.destinationType === this.configuration.destinationType &&
        configuration.priorityLevels === this.configuration.priorityLevels;
      // A queue that holds messages back goes on holding them back.
      const queue = isSameType ? pool.settings.queue : createQueue();
      pool.reconfigure(settingsOf(configuration, type, queue));
    } else if (createQueue !== undefined && createQueue !== createLine) {
      this.makePool(configuration, type, createQueue());
    }
  }

  private applyDurableQueue(
    configuration: DestinationConfiguration,
    type: DestinationType,
    createQueue: () => MessageQueue,
  ): void {
    const { durable, pool } = this;
    const { store } = this.environment;
    // A line takes messages that have not been made yet; a store has them all made.
    const createInner = createQueue === createLine ? (): FifoQueue => new FifoQueue() : createQueue;
    if (durable === undefined || pool === undefined) {
      const inner = createInner();
      this.durable = new DurableMessages(this, store as BusStore, inner);
      this.outcomes.acknowledgesEach = true;
      this.makePool(configuration, type, type.isHolding === true ? inner : this.durable.queue);
      return;
    }
    const isSameType = configuration.destinationType === this.configuration.destinationType;
    if (!isSameType) durable.queue.changeInner(createInner());
    pool.reconfigure(settingsOf(configuration, type, pool.settings.queue));
  }

  private makePool(
    configuration: DestinationConfiguration,
    type: DestinationType,
    queue: MessageQueue,
  ): void {
    const { counters, outcomes, waiters } = this;
    const { dispatcher, clock, deadlines } = this.environment;
    this.pool = new WorkerPool(settingsOf(configuration, type, queue), {
      dispatcher,
      clock,
      deadlines,
      counters,
      waiters,
      host: outcomes,
      keeper: this.durable,
    });
    if (this.isPaused) this.pool.pause();
    this.lookAtQueue();
  }

  private lookAtQueue(): void {
    const { pool } = this;
    // No queue but the line takes messages that have not been made yet.
    const isLine = pool !== undefined && pool.backlog.source === undefined;
    if (pool !== undefined && !isLine) this.hasHadSource = true;
    this.line = this.hasQueue && isLine ? pool : undefined;
  }
}

function settingsOf(
  configuration: DestinationConfiguration,
  type: DestinationType,
  queue: MessageQueue,
): PoolSettings {
  return {
    queue,
    isHolding: type.isHolding === true,
    workerPerListener: type.workerPer === "listener",
    keepsOrder: type.keepsOrder === true,
    maximumQueueSize: configuration.maximumQueueSize ?? Infinity,
    ...sizesOf(configuration),
  };
}
