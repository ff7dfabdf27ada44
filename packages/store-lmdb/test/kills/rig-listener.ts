import type { Message, MessageListenerContext } from "busline";
import { tell } from "./child-event.ts";
import type { Failpoint } from "./failpoint.ts";
import { chanceOf, hashOf, type RigPayload } from "./rig-message.ts";

/** What a listener fails with that is to fail. */
class RigFailure extends Error {
  override readonly name = "RigFailure";
}

/** Tells what it gets, takes more or less time for it, and sometimes fails at the first attempt. */
export class RigListener {
  readonly name: string;
  readonly #failpoint: Failpoint;
  readonly #ended: () => void;

  /** @param ended called when it is done with a message, or has failed */
  constructor(name: string, failpoint: Failpoint, ended: () => void) {
    this.name = name;
    this.#failpoint = failpoint;
    this.#ended = ended;
  }

  receive(
    { headers, payload }: Message<RigPayload>,
    { attempt }: MessageListenerContext,
  ): Promise<void> | undefined {
    const { body, message } = payload;
    const listener = this.name;
    const received = hashOf(message, body, headers);
    const hash = received === payload.hash ? received : `${received} instead of ${payload.hash}`;
    tell({ is: "started", message, listener, attempt, hash });
    this.#failpoint.pass("a listener has begun");
    const chance = chanceOf(`${message}/${listener}`);
    if (chance % 100 === 0 && attempt === 1) {
      this.#ended();
      tell({ is: "failed", message, listener });
      throw new RigFailure(`${message} is to be tried again`);
    }
    if (chance % 10 < 4) return this.#end(message);
    return workFor(chance % 10 < 8 ? 0 : 1 + (chance % 3)).then(() => this.#end(message));
  }

  #end(message: string): undefined {
    this.#ended();
    tell({ is: "done", message, listener: this.name });
    this.#failpoint.pass("a listener is done");
  }
}

function workFor(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms === 0) setImmediate(resolve);
    else setTimeout(resolve, ms);
  });
}
