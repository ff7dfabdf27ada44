import type { ThreadRequester } from "../peers/thread-requester.ts";
import work from "../threads/thread-work.ts";

/** The function, called in this very thread. Two threads could do twice as much. */
export function createRequester(): ThreadRequester {
  return {
    request: async (payload) => Reflect.apply(work, undefined, [payload]),
    close: () => undefined,
  };
}
