import type { Requester, RequesterOptions } from "../peers/requester.ts";

/** The asynchronous function is called, and awaited by who asks. */
export function createRequester({ answer }: RequesterOptions): Requester {
  return { request: answer.forPayload };
}
