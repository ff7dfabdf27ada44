import { Worker } from "node:worker_threads";
import type {
  CountOrder,
  Engine,
  EntryPage,
  FoldOrder,
  OpenedEngine,
  PageOrder,
  StartedEngine,
} from "./engine.ts";
import type { EngineAnswer, EngineCall, EngineData } from "./engine-crossing.ts";
import { engineProgram, engineThreadOptions } from "./program-settings.ts";
import { StoreProblem } from "./store-problem.ts";

interface Asked {
  resolve(value: never): void;
  reject(problem: StoreProblem): void;
}

/** The engine in a thread of its own. It keeps the process alive only while it has been asked for something. */
export class EngineThread implements StartedEngine {
  readonly #worker: Worker;
  readonly #asked = new Map<number, Asked>();
  readonly #gone: Promise<void>;
  #lastId = 0;
  #error: unknown;
  #isGone = false;

  /** @param lost called if the thread ends by itself, which it should not */
  constructor(
    folder: string,
    lost: (problem: StoreProblem) => void,
    program: URL = engineProgram(),
  ) {
    const workerData: EngineData = { folder };
    this.#worker = new Worker(program, { ...engineThreadOptions(), workerData });
    this.#worker.on("message", (answer: EngineAnswer) => this.#told(answer));
    this.#worker.on("error", (error: unknown) => {
      this.#error = error;
    });
    this.#gone = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#isGone = true;
        const problem = this.#lostProblem();
        for (const { reject } of this.#asked.values()) reject(problem);
        this.#asked.clear();
        lost(problem);
        resolve();
      });
    });
  }

  open(options: { readonly acceptTornTail: boolean }): Promise<OpenedEngine> {
    return this.#ask("open", options);
  }

  prepareLog(number: number): Promise<void> {
    return this.#ask("prepareLog", number);
  }

  fold(order: FoldOrder): Promise<void> {
    return this.#ask("fold", order);
  }

  get(keys: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
    return this.#ask("get", keys);
  }

  read(order: PageOrder): Promise<EntryPage> {
    return this.#ask("read", order);
  }

  count(order: CountOrder): Promise<number> {
    return this.#ask("count", order);
  }

  close(): Promise<void> {
    return this.#ask("close", undefined);
  }

  /** @returns resolves when the thread is gone */
  async end(): Promise<void> {
    await this.#worker.terminate();
    await this.#gone;
  }

  #ask<Method extends keyof Engine>(
    method: Method,
    argument: EngineCall<Method>["argument"],
  ): ReturnType<Engine[Method]> {
    const answer = new Promise<never>((resolve, reject) => {
      if (this.#isGone) {
        reject(this.#lostProblem());
        return;
      }
      this.#lastId += 1;
      const call: EngineCall<Method> = { id: this.#lastId, method, argument };
      if (this.#asked.size === 0) this.#worker.ref();
      this.#asked.set(call.id, { resolve, reject });
      this.#worker.postMessage(call, []);
    });
    return answer as ReturnType<Engine[Method]>;
  }

  #told(answer: EngineAnswer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if (this.#asked.size === 0) this.#worker.unref();
    if ("problem" in answer) asked?.reject(StoreProblem.unpack(answer.problem));
    else asked?.resolve(answer.value as never);
  }

  #lostProblem(): StoreProblem {
    return StoreProblem.failed("has failed: its thread has ended", { cause: this.#error });
  }
}
