import type { Transferable } from "node:worker_threads";
import {
  InvalidConfigurationError,
  InvalidMessageError,
  type MessageListener,
  type PlacedDestination,
  type PlacedReceiver,
  type PlacedSizes,
  type PlacedWorkers,
} from "busline";
import { ListenerOfModule } from "./module-listener.ts";
import { Pace } from "./pace.ts";
import type { OpenPool } from "./shared-pools.ts";
import { type DeliveryTerms, ThreadDelivery } from "./thread-delivery.ts";
import { settingsOf } from "./thread-settings.ts";
import { readContexts } from "./travelling-context.ts";
import { uncloneablePart } from "./uncloneable-part.ts";

/** What `threads` was told. */
export interface ThreadTerms {
  readonly contexts: readonly string[];
  readonly loadTimeoutMs: number;
}

/** The threads of one destination. */
export class ThreadWorkers implements PlacedWorkers {
  readonly #destination: PlacedDestination;
  readonly #terms: ThreadTerms;
  readonly #open: OpenPool;
  /** Payloads that belong to their messages alone, so that what `transfer` names can be moved on. */
  readonly #moved = new WeakSet();
  #pace = new Pace();
  /** Those that have begun and not ended. */
  readonly #deliveries = new Set<ThreadDelivery>();
  #whenUnused: (() => void) | undefined;
  #maxSize: number;
  /** What has been moved to a thread cannot be taken back: nothing is sent ahead any more. */
  #hasMoved = false;
  #released: Promise<void> | undefined;

  constructor(destination: PlacedDestination, open: OpenPool, terms: ThreadTerms) {
    this.#destination = destination;
    this.#open = open;
    this.#terms = terms;
    this.#maxSize = destination.sizes.maxSize;
  }

  place(listener: MessageListener): PlacedReceiver {
    if (!(listener instanceof ListenerOfModule)) {
      throw new InvalidConfigurationError({
        where: `listen at "${this.#destination.name}"`,
        attribute: "listener",
        value: listener,
        allowed: "a moduleListener, as its workers are threads, which share no functions",
      });
    }
    listener.checkPresence();
    // Whether it can be loaded at all is found out now, and not by its first message.
    settingsOf(listener);
    const terms: DeliveryTerms = {
      listener,
      pool: this.#open.pool,
      destination: this.#destination,
      terms: this.#terms,
      took: this.#took,
      ended: this.#ended,
    };
    const mayMove = listener.transfer !== undefined && !this.#destination.keepsPayloads;
    return (message, context) =>
      new Promise((resolve, reject) => {
        const isMoved = mayMove && this.#moved.has(message.payload as object);
        const delivery = new ThreadDelivery(message, context, terms, isMoved, resolve, reject);
        this.#deliveries.add(delivery);
        delivery.begin();
      });
  }

  admit(payload: unknown, listeners: readonly MessageListener[]): unknown {
    this.#checkContexts();
    const [only] = listeners;
    const transfer =
      listeners.length === 1 && only instanceof ListenerOfModule ? only.transfer : undefined;
    if (transfer !== undefined) return this.#move(payload, transfer);
    const part = uncloneablePart(payload);
    if (part === undefined) return payload;
    throw this.#refusal({ message: part.problem, path: part.path });
  }

  resize(sizes: PlacedSizes): void {
    this.#maxSize = sizes.maxSize;
    if (this.#open.isShared) return;
    this.#pace = new Pace();
    this.#lookAhead();
    this.#open.pool.resize(sizes);
  }

  /** What is quick is sent ahead. In a shared pool it might wait there behind what is slow. */
  readonly #took = (ms: number): void => {
    if (!this.#open.isShared && !this.#hasMoved && this.#pace.hasChanged(ms)) this.#lookAhead();
  };

  #lookAhead(): void {
    const { depth } = this.#pace;
    this.#open.pool.depth = depth;
    this.#destination.lookAhead((depth - 1) * this.#maxSize);
  }

  release(isForced: boolean): Promise<void> {
    this.#released ??= this.#release();
    if (isForced) for (const delivery of this.#deliveries) delivery.giveUp();
    return this.#released;
  }

  async #release(): Promise<void> {
    if (this.#deliveries.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenUnused = resolve;
      });
    }
    await this.#open.release();
  }

  readonly #ended = (delivery: ThreadDelivery): void => {
    this.#deliveries.delete(delivery);
    if (this.#deliveries.size === 0) this.#whenUnused?.();
  };

  /** The sender's own: what they hold is read again, in the same context, when the message is handed over. */
  #checkContexts(): void {
    const { contexts } = this.#terms;
    const part = contexts.length === 0 ? undefined : uncloneablePart(readContexts(contexts));
    if (part === undefined) return;
    const complaint = "is sent in a context that cannot be copied to the threads of";
    throw this.#refusal({ message: part.problem, path: part.path }, undefined, complaint);
  }

  #move(payload: unknown, transfer: NonNullable<ListenerOfModule["transfer"]>): unknown {
    if (!this.#hasMoved) {
      this.#hasMoved = true;
      this.#pace = new Pace();
      this.#lookAhead();
    }
    let list: readonly Transferable[];
    try {
      list = [...transfer(payload)];
    } catch (cause) {
      throw this.#refusal({ message: `its transfer failed: ${textOf(cause)}` }, cause);
    }
    let moved: unknown;
    try {
      moved = structuredClone(payload, { transfer: [...list] as never });
    } catch (cause) {
      throw this.#refusal({ message: whyNotMoved(list) ?? textOf(cause) }, cause);
    }
    if (typeof moved === "object" && moved !== null) this.#moved.add(moved);
    return moved;
  }

  #refusal(
    issue: { readonly message: string; readonly path?: readonly string[] },
    cause?: unknown,
    complaint = "cannot be copied to the threads of",
  ): InvalidMessageError {
    return new InvalidMessageError(this.#destination.name, "payload", [issue], {
      complaint,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** What is wrong with what a `transfer` names, in better words than Node's. */
function whyNotMoved(list: readonly unknown[]): string | undefined {
  for (const [at, one] of list.entries()) {
    const what = `number ${at + 1} of what its transfer names`;
    if (typeof one !== "object" || one === null) return `${what} cannot be moved`;
    if (ArrayBuffer.isView(one)) return `${what} is a view, and only its buffer can be moved`;
    if (one instanceof ArrayBuffer && isDetached(one)) return `${what} has been moved already`;
  }
  return undefined;
}

function isDetached(buffer: ArrayBuffer): boolean {
  try {
    return new Uint8Array(buffer).buffer !== buffer;
  } catch {
    return true;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
