import { getEventListeners } from "node:events";
import { AbortError, DestinationConfiguration, MessageBus } from "busline";
import { describe, expect, test } from "vitest";
import { onAbort } from "../src/message/abort-watch.ts";

const MANY = 10_000;

describe("one signal for many", () => {
  test("request - ten thousand with one signal have one listener there, and all end with it", async () => {
    const bus = new MessageBus();
    const destination = bus.addDestination<number>(
      DestinationConfiguration.createSerialDestinationConfiguration("acme/a"),
    );
    destination.listen(() => new Promise(() => {}));
    const { signal, abort } = controller();
    const all = Array.from({ length: MANY }, (_, at) =>
      destination.request(at, { signal }).catch((error: unknown) => error),
    );
    for (let left = MANY; left > 0; left -= 1) void destination.send(left, { signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    abort();
    const errors = await Promise.all(all);
    expect(errors.every((error) => error instanceof AbortError)).toBe(true);
    expect(destination.statistics).toMatchObject({ pendingMessageCount: 0 });
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    await bus.close({ deadlineMs: 0 });
  });

  test("watch - one that has ended is not called, and the last takes the listener along", () => {
    const { signal, abort } = controller();
    const called: string[] = [];
    const unwatch = ["a", "b"].map((name) => onAbort(signal, () => void called.push(name)));
    unwatch[0]?.();
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    unwatch[1]?.();
    unwatch[1]?.();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    onAbort(signal, () => void called.push("c"));
    abort();
    expect(called).toEqual(["c"]);
  });
});

function controller(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const made = new AbortController();
  return { signal: made.signal, abort: () => made.abort() };
}
