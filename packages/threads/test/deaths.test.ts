import { DestinationConfiguration, MessageBus } from "busline";
import { describe, expect, test } from "vitest";
import { moduleListener, threads } from "../src/index.ts";
import type { Command } from "./listeners/obedient.ts";
import { SharedSignal } from "./shared-signal.ts";

const IS_LONG = process.env["BUSLINE_LONG"] !== undefined;
/** One message in a hundred takes its thread along: by exit, memory, an endless loop, an error outside, in turn. */
const COUNT = IS_LONG ? 100_000 : 800;
const EVERY = 100;
/** Longer than a thread takes to fill its memory, which is no loop. Most of the time of a long run is this. */
const LOOP_MS = IS_LONG ? 2_000 : 6_000;
const HOUR_MS = 3_600_000;

describe.each(["parallel", "serial"])("a %s destination", (type) => {
  test(
    "listener - threads die with their messages again and again: each message ends in one state, and its neighbours too",
    { timeout: IS_LONG ? HOUR_MS : 120_000 },
    async () => {
      const failures = new Map<string, number>();
      const bus = new MessageBus({
        onError: (error) => {
          const { code } = error as { readonly code: string };
          failures.set(code, (failures.get(code) ?? 0) + 1);
        },
      });
      const sizes = type === "serial" ? {} : { workersMaxSize: 2, workersCoreSize: 2 };
      const destination = bus.addDestination<Command>(
        new DestinationConfiguration(type, "acme/work", {
          workers: threads(),
          listenerTimeoutMs: LOOP_MS,
          ...sizes,
        }),
      );
      const limits = { resourceLimits: { maxOldGenerationSizeMb: 16 } };
      destination.listen(
        moduleListener(new URL("./listeners/obedient.ts", import.meta.url), limits),
      );
      const begun = new SharedSignal();
      const deaths: Command[] = [
        { action: "exit", code: 1 },
        { action: "exhaust memory" },
        { action: "loop", begun: begun.buffer },
        { action: "throw outside" },
      ];
      const received: unknown[] = [];
      const sent: unknown[] = [];
      const all: Promise<unknown>[] = [];
      let deathCount = 0;
      for (let at = 0; at < COUNT; at += 1) {
        if (at % EVERY === EVERY - 1) {
          const death = deaths[deathCount % deaths.length] ?? { action: "throw" };
          deathCount += 1;
          void destination.send(death);
          continue;
        }
        sent.push(at);
        const asked = destination.request({ action: "return", value: at }, { timeoutMs: HOUR_MS });
        all.push(asked.then((value) => received.push(value)));
      }
      await Promise.all(all);
      await bus.drain();
      const { statistics } = destination;
      expect(statistics).toMatchObject({
        sentMessageCount: COUNT,
        deliveredMessageCount: COUNT - deathCount,
        failedMessageCount: deathCount,
        activeMessageCount: 0,
        pendingMessageCount: 0,
      });
      // Nobody was ended but those who had it coming.
      const turns = Math.floor(deathCount / deaths.length);
      expect(Object.fromEntries(failures)).toEqual({
        BUSLINE_WORKER_LOST: deathCount - turns,
        BUSLINE_LISTENER_TIMEOUT: turns,
      });
      if (type === "parallel") received.sort((one, other) => Number(one) - Number(other));
      expect(received).toEqual(sent);
      await bus.close();
    },
  );
});
