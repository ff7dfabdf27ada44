import { type Channel, tracingChannel, type TracingChannel } from "node:diagnostics_channel";
import type { Message } from "../message/message.ts";

/**
 * What an observer of any of busline's channels is given. One object per operation: the same one at its start, its end
 * and its error, so that an observer may keep its own data on it.
 */
export interface MessageTrace {
  readonly message: Message;
  /** The destination where it happens. */
  readonly destinationName: string;
  /** `deliver` only: the listener's name. */
  readonly listenerName?: string;
  /** `reject` only: why the destination did not take the message. */
  readonly reason?: "queue-full" | "closed";
  /** Set before `error` is published. */
  error?: unknown;
  /** Set before `end` or `asyncEnd` is published, where there is a result. */
  result?: unknown;
}

/** Where one kind of operation is published. */
export type MessageChannel = TracingChannel<MessageTrace>;

/** Tracing channels of `node:diagnostics_channel`. Without an observer each costs one test of a flag. */
export const channels: {
  /** `busline.send`. A sender sends: until the message is accepted or refused. */
  readonly send: MessageChannel;
  /** `busline.enqueue`. A message goes into a queue. */
  readonly enqueue: MessageChannel;
  /** `busline.deliver`. A listener receives: until it has returned or thrown, and its promise is settled. */
  readonly deliver: MessageChannel;
  /** `busline.reply`. A listener's reply is sent on its way. */
  readonly reply: MessageChannel;
  /** `busline.reject`. A rejected execution handler runs. */
  readonly reject: MessageChannel;
} = {
  send: tracingChannel("busline.send"),
  enqueue: tracingChannel("busline.enqueue"),
  deliver: tracingChannel("busline.deliver"),
  reply: tracingChannel("busline.reply"),
  reject: tracingChannel("busline.reject"),
};

/** Whether any of the channels has ever had an observer. */
let hasHadObservers = false;
for (const { start, end, asyncStart, asyncEnd, error } of Object.values(channels)) {
  for (const event of [start, end, asyncStart, asyncEnd, error]) watchObservers(event);
}

/**
 * Whether anybody observes. Asked three times for each message: as long as nobody ever has, it costs one test of a
 * variable instead of five calls.
 */
export function isObserved(channel: MessageChannel): boolean {
  return hasHadObservers && hasSubscribers(channel);
}

/** Whether anybody may observe anything. */
export function isAnybodyObserving(): boolean {
  return hasHadObservers;
}

function hasSubscribers(channel: MessageChannel): boolean {
  return (channel as unknown as { readonly hasSubscribers: boolean }).hasSubscribers;
}

/** Node tells nobody of a channel's first observer, so the channel's own methods do. */
function watchObservers(event: Channel<unknown, unknown>): void {
  // It may have had one before busline was loaded.
  if (event.hasSubscribers) hasHadObservers = true;
  for (const method of ["subscribe", "bindStore"] as const) {
    const before = Object.hasOwn(event, method) ? event[method] : undefined;
    Object.defineProperty(event, method, {
      configurable: true,
      writable: true,
      value(this: Channel<unknown, unknown>, ...observer: unknown[]): unknown {
        hasHadObservers = true;
        // The first call gives the channel another prototype, and calls again.
        const own =
          before ?? (Reflect.get(Reflect.getPrototypeOf(this) ?? {}, method) as () => void);
        return Reflect.apply(own, this, observer);
      },
    });
  }
}

/**
 * Runs `operation` inside a channel: `start`, then `end`; where it returns a promise also `asyncStart` and `asyncEnd`;
 * where it fails, `error`. Unlike `tracePromise` it leaves a plain result plain.
 */
export function traced<Result>(
  channel: MessageChannel,
  trace: MessageTrace,
  operation: () => Result,
): Result {
  const failed = (error: unknown): void => {
    trace.error = error;
    channel.error.publish(trace);
  };
  return channel.start.runStores(trace, () => {
    try {
      const result = operation();
      if (!(result instanceof Promise)) {
        trace.result = result;
        return result;
      }
      return result.then(
        (value: unknown) => {
          trace.result = value;
          channel.asyncStart.publish(trace);
          channel.asyncEnd.publish(trace);
          return value;
        },
        (error: unknown) => {
          failed(error);
          channel.asyncStart.publish(trace);
          channel.asyncEnd.publish(trace);
          throw error;
        },
      ) as Result;
    } catch (error) {
      failed(error);
      throw error;
    } finally {
      channel.end.publish(trace);
    }
  });
}
