import type { MessageListenerFunction } from "../listener/message-listener.ts";
import type { Place } from "../listener/listener-registry.ts";
import type { PlacedSizes, PlacedWorkers } from "../worker/worker-placement.ts";
import type { DestinationConfiguration } from "./destination-configuration.ts";
import type { DestinationCore } from "./destination-core.ts";

/** A move of the workers to another place, which is kept or undone. */
export interface Move {
  keep(): void;
  undo(): void;
}

const NO_MOVE: Move = { keep: () => {}, undo: () => {} };

/** Where a destination's workers run its listeners: on the event loop, or where its configuration places them. */
export class WorkerPlace {
  /** The workers, where they are not on the event loop. */
  placed: PlacedWorkers | undefined = undefined;
  private readonly core: DestinationCore;
  /** Workers of before that still finish what they have in hand. */
  private readonly retired = new Set<PlacedWorkers>();
  /** So many messages more than there are workers may be handed over, while there is one listener. */
  private aheadCount = 0;

  constructor(core: DestinationCore) {
    this.core = core;
  }

  /**
   * Lets the listeners run where the configuration places its workers.
   *
   * @param before the configuration of before
   * @throws {InvalidConfigurationError} a listener cannot run there; nothing has changed
   */
  move(configuration: DestinationConfiguration, before: DestinationConfiguration): Move {
    const { placed } = this;
    const { workers, listenerTimeoutMs } = configuration;
    const sizes = sizesOf(configuration);
    const keepsPayloads = keepsPayloadsOf(configuration);
    const isSame =
      workers === before.workers &&
      listenerTimeoutMs === before.listenerTimeoutMs &&
      keepsPayloads === keepsPayloadsOf(before);
    if (placed !== undefined && isSame) return { ...NO_MOVE, keep: () => placed.resize(sizes) };
    if (workers === undefined && placed === undefined) return NO_MOVE;
    const { name, environment, listeners } = this.core;
    const next = workers?.open({
      name,
      sizes,
      listenerTimeoutMs,
      keepsPayloads,
      clock: environment.clock,
      problem: environment.dispatcher.problem,
      lookAhead: (count) => {
        if (this.placed === next) this.lookAhead(count);
      },
    });
    try {
      listeners.moveTo(placeOf(next));
    } catch (error) {
      void next?.release(true);
      throw error;
    }
    this.placed = next;
    return {
      keep: () => {
        this.lookAhead(0);
        if (placed === undefined) return;
        this.retired.add(placed);
        void placed.release(false).then(() => this.retired.delete(placed));
      },
      undo: () => {
        this.placed = placed;
        listeners.moveTo(placeOf(placed));
        void next?.release(true);
      },
    };
  }

  /** A listener has come, or has left. */
  lookAgain(): void {
    if (this.aheadCount > 0) this.lookAhead(this.aheadCount);
  }

  /** Ends workers that are placed elsewhere. @param isForced also those that are at work */
  async release(isForced: boolean): Promise<void> {
    const all = this.placed === undefined ? [...this.retired] : [this.placed, ...this.retired];
    await Promise.all(all.map((placed) => placed.release(isForced)));
  }

  private lookAhead(count: number): void {
    if (count === 0 && this.aheadCount === 0) return;
    this.aheadCount = count;
    const { configuration, listeners, pool, type } = this.core;
    // What has failed is to come first again.
    const isInOrder = type.keepsOrder === true && configuration.retry !== undefined;
    // With several listeners one message would come to the first of them before the last one to the others.
    pool?.lookAhead(listeners.roster.listenings.length === 1 && !isInOrder ? count : 0);
  }
}

/** How many workers a configuration asks for. */
export function sizesOf(configuration: DestinationConfiguration): PlacedSizes {
  return {
    coreSize: configuration.workersCoreSize ?? 0,
    maxSize: configuration.workersMaxSize ?? 1,
    idleTimeoutMs: configuration.workersIdleTimeoutMs ?? 0,
  };
}

function keepsPayloadsOf({ retry, deadLetter }: DestinationConfiguration): boolean {
  return retry !== undefined || deadLetter !== undefined;
}

/** What hands listeners their messages where they run. Their context is more than a listener's: see `PlacedContext`. */
function placeOf(placed: PlacedWorkers | undefined): Place | undefined {
  return placed && ((listener) => placed.place(listener) as MessageListenerFunction);
}
