import { compileFunction } from "node:vm";
import type { SynchronousListener } from "../peers/work-listener.ts";

type Receive = (payload: number) => void;

/**
 * So many synchronous listeners, each a function of its own code, as the listeners of a program are: were they made by
 * one function, the optimiser would see only that one at the place where they are called, and inline it.
 */
export function createDistinctListeners(count: number, receive: Receive): SynchronousListener[] {
  return Array.from({ length: count }, (_, position) => {
    // What differs is the name, which is enough for the compiler to keep them apart.
    const make = compileFunction(
      `return {
        isAsynchronous: false,
        forPayload: function listener${position}(payload) { receive(payload); },
        forMessage: function messageListener${position}(message) { receive(message.payload); },
      };`,
      ["receive"],
    ) as (receive: Receive) => SynchronousListener;
    return make(receive);
  });
}
