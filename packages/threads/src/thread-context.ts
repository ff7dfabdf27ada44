import type { Destination, MessageListenerContext } from "busline";

/** What a listener in a thread is given beside its message. */
export class ThreadContext implements MessageListenerContext {
  readonly attempt: number;
  readonly #destinationName: string;
  readonly #answer: (value: unknown) => void;
  #controller: AbortController | undefined;

  /** @param answer brings a reply out of the thread */
  constructor(attempt: number, destinationName: string, answer: (value: unknown) => void) {
    this.attempt = attempt;
    this.#destinationName = destinationName;
    this.#answer = answer;
  }

  get destination(): Destination {
    return destinationIn(this.#destinationName);
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  reply(value: unknown): void {
    this.#answer(value);
  }

  deadLetter(reason: string): never {
    const name = this.#destinationName;
    // A thread has no busline, and so not its class: that is put on when the error has crossed.
    throw Object.assign(new Error(`A listener of "${name}" gave up: ${reason}`), {
      name: "DeadLetterError",
      code: "BUSLINE_DEAD_LETTER",
      destinationName: name,
      reason,
    });
  }

  static abort(context: ThreadContext, reason: unknown): void {
    context.#controller ??= new AbortController();
    context.#controller.abort(reason);
  }
}

const destinations = new Map<string, Destination>();

function destinationIn(name: string): Destination {
  let destination = destinations.get(name);
  if (destination === undefined) destinations.set(name, (destination = destinationCalled(name)));
  return destination;
}

/** All of a destination that there is in a thread is its name: the bus is elsewhere. */
function destinationCalled(name: string): Destination {
  return new Proxy({ name } as Destination, {
    get: (target, property) => {
      if (property === "name") return name;
      if (typeof property === "symbol" || property in Object.prototype || property === "then")
        return Reflect.get(target, property);
      throw new TypeError(
        `destination.${property} is not to be had in a thread, where there is no bus: return what is to be sent, or reply`,
      );
    },
  });
}
