import type { Message, MessageListenerContext } from "busline";

/** What a listener is to do with its message. */
export type Command =
  | { readonly action: "return"; readonly value: unknown }
  | { readonly action: "return later"; readonly value: unknown }
  | { readonly action: "reply"; readonly value: unknown }
  | { readonly action: "describe" }
  | { readonly action: "throw" | "reject" | "throw a text" | "throw several" }
  | { readonly action: "wait for the abort"; readonly begun: SharedArrayBuffer }
  | { readonly action: "exit"; readonly code: number }
  | { readonly action: "throw outside" | "reject outside" | "exhaust memory" }
  | {
      readonly action: "note";
      readonly number: number;
      /** How often it fails before. */
      readonly failures: number;
      readonly notes: SharedArrayBuffer;
    }
  | { readonly action: "weigh"; readonly failures: number; readonly bytes: ArrayBuffer }
  | { readonly action: "give up" }
  | { readonly action: "loop"; readonly begun: SharedArrayBuffer }
  | {
      readonly action: "hold";
      readonly begun: SharedArrayBuffer;
      readonly gate: SharedArrayBuffer;
      /** What it returns; "held" if nothing is said. */
      readonly value?: number;
    };

class OrderError extends RangeError {
  readonly code = "ACME_ORDER";
  readonly orderId = 7;
}

/** Does what it is told, on the event loop or on a thread. */
export default function obey(message: Message<Command>, context: MessageListenerContext): unknown {
  const { payload } = message;
  switch (payload.action) {
    case "return":
      return payload.value;
    case "return later":
      return Promise.resolve().then(() => payload.value);
    case "reply":
      context.reply(payload.value);
      return undefined;
    case "describe": {
      const { id, destinationName, headers, sentAt, key } = message;
      const { attempt, destination } = context;
      return {
        id,
        destinationName,
        headers: { ...headers },
        sentAt,
        key,
        attempt,
        at: destination.name,
      };
    }
    case "throw":
      throw new OrderError("no such order", { cause: new TypeError("not a number") });
    case "reject":
      return Promise.reject(new OrderError("no such order"));
    case "throw a text":
      throw "only a text";
    case "throw several":
      throw new AggregateError([new RangeError("one"), new TypeError("two")], "several");
    case "wait for the abort":
      tell(payload.begun);
      return new Promise((_, reject) => {
        const { signal } = context;
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    case "exit":
      process.exit(payload.code);
      break;
    case "throw outside":
      setImmediate(() => {
        throw new OrderError("outside");
      });
      return new Promise(() => {});
    case "reject outside":
      void Promise.reject(new OrderError("outside"));
      return new Promise(() => {});
    case "exhaust memory": {
      const all: number[][] = [];
      for (;;) all.push(Array.from({ length: 100_000 }, (_, at) => at + all.length));
    }
    case "note": {
      const notes = new Int32Array(payload.notes);
      notes[Atomics.add(notes, 0, 1) + 1] = payload.number;
      if (context.attempt <= payload.failures) throw new OrderError("not yet");
      return undefined;
    }
    case "weigh":
      if (context.attempt <= payload.failures) throw new OrderError("not yet");
      return payload.bytes.byteLength;
    case "give up":
      return context.deadLetter("unreadable");
    case "loop":
      tell(payload.begun);
      for (;;);
    case "hold":
      tell(payload.begun);
      Atomics.wait(new Int32Array(payload.gate), 0, 0);
      return payload.value ?? "held";
  }
  return undefined;
}

function tell(begun: SharedArrayBuffer): void {
  const cell = new Int32Array(begun);
  Atomics.add(cell, 0, 1);
  Atomics.notify(cell, 0);
}

/** An export under a name. */
export const negate = { receive: ({ payload }: Message<number>): number => -payload };
