import type { Requester, RequesterOptions } from "../peers/requester.ts";
import { Ring } from "./ring.ts";

interface Question {
  readonly payload: number;
  readonly resolve: (reply: number) => void;
  readonly reject: (error: unknown) => void;
}

/** A ring of what is asked, drained in a microtask, and one promise for each; no timeout, no bound. */
export function createRequester({ answer }: RequesterOptions): Requester {
  const questions = new Ring<Question>();
  let isScheduled = false;
  const drain = (): void => {
    isScheduled = false;
    while (questions.length > 0) {
      const { payload, resolve, reject } = questions.shift();
      answer.forPayload(payload).then(resolve, reject);
    }
  };
  return {
    request: (payload) =>
      new Promise((resolve, reject) => {
        questions.push({ payload, resolve, reject });
        if (isScheduled) return;
        isScheduled = true;
        queueMicrotask(drain);
      }),
  };
}
