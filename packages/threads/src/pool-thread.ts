import { Worker } from "node:worker_threads";
import { unpackError, packError } from "./carried-error.ts";
import type { Report } from "./crossing.ts";
import type { ThreadSettings } from "./thread-settings.ts";
import type { ThreadTask } from "./thread-task.ts";

/** Told what becomes of a thread. */
export interface PoolThreadOwner {
  /** It has ended its task. */
  freed(thread: PoolThread): void;
  /** It is no more. @param wasUp it had got so far as to run */
  ended(thread: PoolThread, wasUp: boolean, error: unknown): void;
}

/** One thread, and the one task that it has in hand. */
export class PoolThread {
  readonly settings: ThreadSettings;
  readonly #worker: Worker;
  readonly #owner: PoolThreadOwner;
  /** Since when it has had nothing to do, by its pool's clock. */
  idleSince = 0;
  /** Modules that it has loaded: their listeners begin at once. */
  readonly #loaded = new Set<string>();
  #task: ThreadTask | undefined;
  #number = 0;
  #isUp = false;
  #isEnding = false;
  #error: { readonly error: unknown } | undefined;
  readonly #gone: Promise<void>;

  constructor(settings: ThreadSettings, owner: PoolThreadOwner) {
    this.settings = settings;
    this.#owner = owner;
    this.#worker = new Worker(settings.program, settings.options);
    this.#worker.unref();
    this.#worker.on("message", (report: Report) => this.#told(report));
    this.#worker.on("messageerror", (error) => {
      // A result that cannot be read here: all that is known is whose it is.
      this.#end((task) => task.failed(error));
    });
    this.#worker.on("error", (error: unknown) => {
      this.#error = { error };
    });
    this.#gone = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        this.#exited(code);
        resolve();
      });
    });
  }

  has(task: ThreadTask): boolean {
    return this.#task === task;
  }

  /** Takes a task. To be called while it is idle. */
  start(task: ThreadTask): void {
    this.#number += 1;
    let crossing: ReturnType<ThreadTask["order"]>;
    this.#task = task;
    try {
      crossing = task.order(this.#number);
      this.#worker.postMessage(crossing.order, crossing.transfer);
    } catch (error) {
      this.#end(() => task.failed(error));
      return;
    }
    this.#worker.ref();
    if (this.#loaded.has(keyOf(task))) task.began();
  }

  /** Aborts the signal of a task, if it has it in hand. */
  abort(task: ThreadTask, reason: unknown): void {
    if (this.#task !== task) return;
    this.#worker.postMessage({ kind: "abort", task: this.#number, reason: packError(reason) });
  }

  /** Ends it, with what it has in hand. @returns resolves when it is gone */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#worker.terminate();
    await this.#gone;
  }

  #told(report: Report): void {
    if (report.kind === "up") {
      this.#isUp = true;
      return;
    }
    const task = this.#task;
    if (task === undefined) return;
    if (report.kind === "unreadable") {
      this.#end(() => task.failed(unpackError(report.error)));
      return;
    }
    if (report.task !== this.#number) return;
    if (report.kind === "loaded") {
      this.#loaded.add(keyOf(task));
      task.began();
    } else if (report.kind === "replied") {
      task.replied(report.value);
    } else {
      this.#end(() => task.ended(report));
    }
  }

  /** It is free before its task is told: whoever waits for that may send another at once. */
  #end(tell: (task: ThreadTask) => void): void {
    const task = this.#task;
    this.#task = undefined;
    this.#worker.unref();
    if (!this.#isEnding) this.#owner.freed(this);
    if (task !== undefined) tell(task);
  }

  #exited(code: number): void {
    const task = this.#task;
    this.#task = undefined;
    const wasEnded = this.#isEnding;
    this.#isEnding = true;
    this.#owner.ended(this, this.#isUp, task === undefined ? this.#error?.error : undefined);
    task?.lost(wasEnded && this.#error === undefined ? undefined : code, this.#error?.error);
  }
}

function keyOf({ listener }: ThreadTask): string {
  return `${listener.exportName} of ${listener.url}`;
}
