import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";
import type { Message } from "../message/message.ts";
import type { MessageListenerContext } from "./message-listener-context.ts";

/**
 * Receives a message. What it returns, unless `undefined`, is its reply. A promise is awaited; what it throws or
 * rejects with is its failure.
 */
export type MessageListenerFunction<Payload = unknown, Reply = unknown> = (
  message: Message<Payload>,
  context: MessageListenerContext<Reply>,
) => Reply | undefined | void | PromiseLike<Reply | undefined | void>;

/** A listener as an object, for those that carry state. */
export interface MessageListenerObject<Payload = unknown, Reply = unknown> {
  /** What it is called in statistics and errors, unless its registration says otherwise. Default: its class's name. */
  readonly name?: string;
  receive(
    message: Message<Payload>,
    context: MessageListenerContext<Reply>,
  ): Reply | undefined | void | PromiseLike<Reply | undefined | void>;
}

/** A function, or an object with a `receive` method. */
export type MessageListener<Payload = unknown, Reply = unknown> =
  | MessageListenerFunction<Payload, Reply>
  | MessageListenerObject<Payload, Reply>;

/** @throws {InvalidConfigurationError} unless the value can receive messages */
export function checkMessageListener(listener: unknown, where: string): MessageListener {
  if (typeof listener === "function") return listener as MessageListener;
  if (typeof listener === "object" && listener !== null && canReceive(listener))
    return listener as MessageListener;
  throw new InvalidConfigurationError({
    where,
    attribute: "listener",
    value: listener,
    allowed: "a function, or an object with a receive method",
  });
}

function canReceive(listener: object): boolean {
  try {
    return typeof Reflect.get(listener, "receive") === "function";
  } catch {
    return false;
  }
}

/** What a listener is called where nobody gave it a name. */
export function nameOfListener(listener: MessageListener, position: number): string {
  const own: unknown = listener.name;
  const name: unknown =
    typeof listener === "function" || typeof own === "string" ? own : listener.constructor?.name;
  return typeof name === "string" && name !== "" && name !== "Object"
    ? name
    : `listener-${position}`;
}
