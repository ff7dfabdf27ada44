import type {
  CountOrder,
  EntryPage,
  FoldOrder,
  OpenedEngine,
  PageOrder,
  StartedEngine,
} from "../../src/engine.ts";
import type { Failpoint } from "./failpoint.ts";

/** The part of a store that folds logs and recovers, with moments at which the process is killed. */
export class KillingEngine implements StartedEngine {
  readonly #inner: StartedEngine;
  readonly #failpoint: Failpoint;

  constructor(inner: StartedEngine, failpoint: Failpoint) {
    this.#inner = inner;
    this.#failpoint = failpoint;
  }

  async open(options: { readonly acceptTornTail: boolean }): Promise<OpenedEngine> {
    const opening = this.#inner.open(options);
    this.#failpoint.pass("recovery was called");
    const opened = await opening;
    this.#failpoint.pass("recovery has ended");
    return opened;
  }

  async prepareLog(number: number): Promise<void> {
    const preparing = this.#inner.prepareLog(number);
    this.#failpoint.pass("a log was asked for");
    await preparing;
  }

  async fold(order: FoldOrder): Promise<void> {
    const folding = this.#inner.fold(order);
    this.#failpoint.pass("a fold was called");
    await folding;
    this.#failpoint.pass("a fold has ended");
  }

  get(keys: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
    return this.#inner.get(keys);
  }

  read(order: PageOrder): Promise<EntryPage> {
    return this.#inner.read(order);
  }

  count(order: CountOrder): Promise<number> {
    return this.#inner.count(order);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  end(): Promise<void> {
    return this.#inner.end();
  }
}
