import { EventEmitter } from "node:events";
import fastq, { type done } from "fastq";
import { type CreateDestinationField, nameOfDestination } from "./destination-field.ts";

type Receive = (payload: number) => void;

/** A map from names to functions. */
export const createMapField: CreateDestinationField = ({ count, receive }) => {
  const names = namesOf(count);
  const functions = new Map<string, Receive>(
    names.map((name) => [
      name,
      (payload) => {
        receive(payload);
      },
    ]),
  );
  return {
    isQueued: false,
    send: (destination, payload) => {
      functions.get(names[destination] as string)?.(payload);
    },
  };
};

/** One emitter, and an event for each destination. */
export const createEmitterField: CreateDestinationField = ({ count, receive }) => {
  const emitter = new EventEmitter();
  const names = namesOf(count);
  for (const name of names) {
    emitter.on(name, (payload: number) => {
      receive(payload);
    });
  }
  return {
    isQueued: false,
    send: (destination, payload) => {
      emitter.emit(names[destination] as string, payload);
    },
  };
};

/** A map from names to queues. */
export const createFastqField: CreateDestinationField = ({ count, receive }) => {
  const names = namesOf(count);
  const queues = new Map(
    names.map((name) => [
      name,
      fastq((payload: number, finished: done) => {
        receive(payload);
        queueMicrotask(finished as () => void);
      }, 1),
    ]),
  );
  return {
    isQueued: true,
    send: (destination, payload) => {
      queues.get(names[destination] as string)?.push(payload);
    },
  };
};

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, destination) => nameOfDestination(destination));
}
