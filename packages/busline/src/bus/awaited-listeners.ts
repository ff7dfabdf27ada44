import type { CheckedListenOptions } from "../listener/listen-options.ts";
import type { MessageListener } from "../listener/message-listener.ts";
import { Registration } from "../listener/registration.ts";

interface AwaitedListener {
  readonly listener: MessageListener;
  readonly options: CheckedListenOptions;
  /** Set once its destination has appeared. */
  registration: Registration | undefined;
}

/** Listeners that came before their destination. */
export class AwaitedListeners {
  readonly #byName = new Map<string, AwaitedListener[]>();

  /** Keeps a listener until its destination appears. The same one twice is kept once. */
  add(name: string, listener: MessageListener, options: CheckedListenOptions): Registration {
    let waiting = this.#byName.get(name);
    if (waiting === undefined) this.#byName.set(name, (waiting = []));
    let awaited = waiting.find((known) => known.listener === listener);
    if (awaited === undefined)
      waiting.push((awaited = { listener, options, registration: undefined }));
    const kept = awaited;
    return new Registration(() => {
      if (kept.registration !== undefined) kept.registration.unregister();
      else this.#forget(name, kept);
    });
  }

  /**
   * A destination is about to appear: hands over those who waited for it, in the order of their coming.
   *
   * @throws {InvalidConfigurationError} one of them cannot listen there; all of them go on waiting
   */
  attach(
    name: string,
    register: (listener: MessageListener, options: CheckedListenOptions) => Registration,
  ): void {
    const waiting = this.#byName.get(name);
    if (waiting === undefined) return;
    const registrations = waiting.map(({ listener, options }) => register(listener, options));
    for (const [at, awaited] of waiting.entries()) awaited.registration = registrations[at];
    this.#byName.delete(name);
  }

  #forget(name: string, awaited: AwaitedListener): void {
    const left = (this.#byName.get(name) ?? []).filter((other) => other !== awaited);
    if (left.length > 0) this.#byName.set(name, left);
    else this.#byName.delete(name);
  }
}
