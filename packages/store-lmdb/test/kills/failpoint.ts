import { tell } from "./child-event.ts";
import type { FailpointOrder } from "./child-order.ts";

/** The moment at which a child kills itself, if it is to. */
export class Failpoint {
  readonly #name: string | undefined;
  readonly #afterMs: number;
  #left: number;

  constructor(order: FailpointOrder | undefined) {
    this.#name = order?.name;
    this.#afterMs = order?.afterMs ?? 0;
    this.#left = order?.count ?? 0;
  }

  /** Something comes by a moment; if it is the one, nothing comes after. */
  pass(name: string): void {
    if (name !== this.#name) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    tell({ is: "killing", failpoint: name });
    if (this.#afterMs > 0) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.#afterMs);
    }
    process.kill(process.pid, "SIGKILL");
  }
}
