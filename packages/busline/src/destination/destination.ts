import type { SendOptions } from "../message/send-options.ts";
import { checkListenOptions, type ListenOptions } from "../listener/listen-options.ts";
import { checkMessageListener, type MessageListener } from "../listener/message-listener.ts";
import { Registration } from "../listener/registration.ts";
import type { RequestOptions } from "../reply/request-options.ts";
import type { DestinationStatistics } from "../statistics/destination-statistics.ts";
import type { DestinationConfiguration } from "./destination-configuration.ts";
import type { DestinationCore } from "./destination-core.ts";
import type { DestinationEventListener } from "./destination-event-listener.ts";
import { registerListener } from "./register-listener.ts";

/** A destination's handle: valid, with all that belongs to it, through every replacement. */
export class Destination<Payload = unknown, Reply = unknown> {
  readonly #core: DestinationCore;

  /** @internal Made by the bus. */
  constructor(core: DestinationCore) {
    this.#core = core;
  }

  get name(): string {
    return this.#core.name;
  }

  /** The configuration that it has now. A live change of the workers' number shows in `statistics`. */
  get configuration(): DestinationConfiguration {
    return this.#core.configuration;
  }

  /** Whether it is paused. */
  get isPaused(): boolean {
    return this.#core.isPaused;
  }

  /** One frozen reading: see `DestinationStatistics`. */
  get statistics(): DestinationStatistics {
    return this.#core.statistics;
  }

  /**
   * Sends a message: fire and forget. Returns nothing once it has been accepted into the queue, or, where the sender's
   * turn delivers, once all listeners have been; a promise only where there is something to wait for.
   *
   * @throws {RejectedExecutionError} the queue is full, or the destination closed
   * @throws {InvalidMessageError} the payload does not fit the schema
   * @throws {InvalidConfigurationError} an option is not what is allowed
   * @throws {AbortError} the signal had been aborted
   * @throws what a listener threw, where the sender's turn delivers; `AggregateError` where several did
   */
  send(payload: Payload, options?: SendOptions): void | Promise<void> {
    return this.#core.entrance.send(payload, options);
  }

  /**
   * Sends a message and waits for the first reply of a listener.
   *
   * Rejects with `RequestTimeoutError`, `NoListenerError`, `ListenerFailedError` (with `cause`), `AbortError`, or what
   * `send` would have thrown.
   */
  request(payload: Payload, options?: RequestOptions): Promise<Reply> {
    return this.#core.entrance.request(payload, options) as Promise<Reply>;
  }

  /**
   * Registers a listener. The same one twice is one registration, which either handle ends.
   *
   * @throws {InvalidConfigurationError}
   */
  listen(listener: MessageListener<Payload, Reply>, options?: ListenOptions): Registration {
    const where = `listen at "${this.name}"`;
    const checked = checkListenOptions(options, where);
    return registerListener(this.#core, checkMessageListener(listener, where), checked);
  }

  /** Is told what happens here. @throws {InvalidConfigurationError} */
  addDestinationEventListener(listener: DestinationEventListener): Registration {
    return new Registration(
      this.#core.events.add(listener, `addDestinationEventListener of "${this.name}"`),
    );
  }

  /**
   * Changes the number of workers, live. Nobody is taken off a message: above the new maximum, workers end as they
   * become free.
   *
   * @throws {SealedDestinationError} the destination is a preconfigured one
   * @throws {InvalidConfigurationError} a size is not allowed, or there are no workers here
   */
  setWorkersSize(coreSize: number, maxSize: number): void {
    this.#core.setWorkersSize(coreSize, maxSize);
  }

  /** Starts nothing from now on; what runs goes on, and the queue fills. Without a queue, sends are refused. */
  pause(): void {
    this.#core.pause();
  }

  /** Goes on after a pause. */
  resume(): void {
    this.#core.resume();
  }

  /**
   * A listener of a durable destination will not come again under this name: messages do not wait for it any more. One that
   * is still registered is remembered with the next message.
   *
   * @returns whether it was remembered
   *
   * Rejects with a `StoreError` where the store could not be opened.
   */
  async forgetListener(name: string): Promise<boolean> {
    return (await this.#core.durable?.forgetListener(name)) === true;
  }

  /** Drops all waiting messages: counted as discarded, told to `messageDiscarded`. @returns how many */
  purge(): number {
    return this.#core.purge();
  }
}
