import { EventEmitter } from "node:events";
import { type Destination, DestinationConfiguration, MessageBus } from "busline";
import fastq, { type done } from "fastq";
import PQueue from "p-queue";
import type { CreateIdleField, IdleField } from "./idle-field.ts";

type Receive = (payload: number) => void;

function createBusline(configure: (name: string) => DestinationConfiguration): IdleField {
  const bus = new MessageBus();
  const destinations: Destination<number>[] = [];
  return {
    add: (name) => {
      destinations.push(bus.addDestination<number>(configure(name)));
    },
    listen: (destination, receive) => {
      destinations[destination]?.listen((message) => {
        receive(message.payload);
      });
    },
    send: (destination, payload) => {
      void destinations[destination]?.send(payload);
    },
    close: async () => {
      await bus.close();
    },
  };
}

/** A map from names to what `add` makes of a listener. */
function createMap<Kept>(
  make: () => Kept,
  listen: (kept: Kept, receive: Receive) => void,
  send: (kept: Kept, payload: number) => void,
): IdleField {
  const byName = new Map<string, Kept>();
  const all: Kept[] = [];
  return {
    add: (name) => {
      const kept = make();
      byName.set(name, kept);
      all.push(kept);
    },
    listen: (destination, receive) => {
      listen(all[destination] as Kept, receive);
    },
    send: (destination, payload) => {
      send(all[destination] as Kept, payload);
    },
  };
}

interface Functions {
  functions: readonly Receive[];
}

/** The function comes later, since a queue of fastq is made with its worker. */
interface Fastq {
  receive: Receive;
  readonly push: (payload: number) => void;
}

function createFastq(): Fastq {
  const queue = fastq((payload: number, finished: done) => {
    kept.receive(payload);
    queueMicrotask(finished as () => void);
  }, 1);
  const kept: Fastq = { receive: () => undefined, push: (payload) => queue.push(payload) };
  return kept;
}

export const idleFields: Readonly<Record<string, CreateIdleField>> = {
  "busline parallel": () =>
    createBusline((name) => DestinationConfiguration.createParallelDestinationConfiguration(name)),
  "busline serial": () =>
    createBusline((name) => DestinationConfiguration.createSerialDestinationConfiguration(name)),
  "busline synchronous": () =>
    createBusline((name) =>
      DestinationConfiguration.createSynchronousDestinationConfiguration(name),
    ),
  "map of arrays": () =>
    createMap<Functions>(
      () => ({ functions: [] }),
      (kept, receive) => {
        kept.functions = [
          (payload) => {
            receive(payload);
          },
        ];
      },
      ({ functions }, payload) => {
        for (const receive of functions) receive(payload);
      },
    ),
  "map of EventEmitter": () =>
    createMap(
      () => new EventEmitter(),
      (emitter, receive) => {
        emitter.on("message", (payload: number) => {
          receive(payload);
        });
      },
      (emitter, payload) => {
        emitter.emit("message", payload);
      },
    ),
  "map of fastq (callback)": () =>
    createMap(
      createFastq,
      (kept, receive) => {
        kept.receive = (payload) => {
          receive(payload);
        };
      },
      ({ push }, payload) => {
        push(payload);
      },
    ),
  "map of p-queue": () =>
    createMap<{ readonly queue: PQueue; receive: Receive }>(
      () => ({ queue: new PQueue({ concurrency: 1 }), receive: () => undefined }),
      (kept, receive) => {
        kept.receive = (payload) => {
          receive(payload);
        };
      },
      ({ queue, receive }, payload) => {
        void queue.add(() => {
          receive(payload);
        });
      },
    ),
};
