import type {
  CountOrder,
  EntryPage,
  FoldOrder,
  OpenedEngine,
  PageOrder,
  StartedEngine,
} from "../src/engine.ts";
import type { FileOperations } from "../src/file-operations.ts";
import { LmdbEngine } from "../src/lmdb-engine.ts";
import { StoreFolder } from "../src/store-folder.ts";

/** The engine in the thread of the test: a store of which nothing runs beside the test, and that opens in no time. */
export class InlineEngine implements StartedEngine {
  /** What a fold waits for before it begins. */
  beforeFold: () => Promise<void> | void = () => {};
  readonly #engine: LmdbEngine;

  constructor(folder: string, files: FileOperations, duringFold?: () => void) {
    this.#engine = new LmdbEngine(new StoreFolder(folder, files), duringFold);
  }

  open(options: { readonly acceptTornTail: boolean }): Promise<OpenedEngine> {
    return this.#engine.open(options);
  }

  async prepareLog(number: number): Promise<void> {
    this.#engine.prepareLog(number);
  }

  async fold(order: FoldOrder): Promise<void> {
    await this.beforeFold();
    await this.#engine.fold(order);
  }

  async get(keys: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
    return this.#engine.get(keys);
  }

  async read(order: PageOrder): Promise<EntryPage> {
    return this.#engine.read(order);
  }

  async count(order: CountOrder): Promise<number> {
    return this.#engine.count(order);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  end(): Promise<void> {
    return this.#engine.close();
  }
}
