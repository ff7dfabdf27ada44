import type { ReceiveLater, Send, Wiring } from "./wiring.ts";

/** Nothing between: who sends calls the listeners, and nobody waits for a promise but who asks. */
export function createWiring(): Wiring {
  return {
    synchronous: (_, listeners) => (payload) => {
      for (const receive of listeners) receive(payload);
    },
    serial: (_, listener) => listener,
    serialLater: (_, listener) => withoutWaiting(listener),
    parallel: (_, listener) => listener,
    parallelLater: (_, listener) => withoutWaiting(listener),
    answering: (_, answer) => answer,
  };
}

function withoutWaiting(listener: ReceiveLater): Send {
  return (payload) => {
    void listener(payload);
  };
}
