import {
  DestinationConfiguration,
  type DestinationAttributes,
  type FailureContext,
  MessageBus,
} from "busline";
import { ManualClock } from "busline/testing";
import { turns } from "./outcome-of.ts";

const RETRY = { attempts: 3, backoff: { initialMs: 100 }, jitter: 0 };

/** A bus whose clock is manual, with a destination that tries three times. */
export function busWith(type: string, attributes?: DestinationAttributes) {
  const clock = new ManualClock();
  const failures: FailureContext[] = [];
  const bus = new MessageBus({ clock, onError: (_, context) => void failures.push(context) });
  const configuration = new DestinationConfiguration(type, "acme/a", {
    retry: RETRY,
    ...attributes,
  });
  const destination = bus.addDestination<string>(configuration);
  const pass = async (ms: number): Promise<void> => {
    await turns();
    clock.advance(ms);
    await turns();
  };
  return { bus, clock, destination, failures, pass };
}

/** Fails so often with each payload that begins with "bad", and keeps what it was called with. */
export function failing(times = Infinity) {
  const calls: string[] = [];
  const seen = new Map<string, number>();
  const listener = async (
    { payload }: { readonly payload: string },
    { attempt }: { readonly attempt: number },
  ): Promise<void> => {
    calls.push(`${payload} ${attempt}`);
    await Promise.resolve();
    const count = (seen.get(payload) ?? 0) + 1;
    seen.set(payload, count);
    if (payload.startsWith("bad") && count <= times) throw new Error("not yet");
  };
  return { calls, listener };
}
