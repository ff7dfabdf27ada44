import type { Delivery } from "./delivery.ts";

const FEW = 1_024;

/** Tasks in the hands of workers that have not started yet, in the order of their start. */
export class ReadyTasks {
  #tasks: (Delivery | undefined)[] = [];
  #start = 0;

  get size(): number {
    return this.#tasks.length - this.#start;
  }

  /** The messages that they belong to, each once. */
  get deliveries(): Set<Delivery> {
    return new Set(this.#tasks.slice(this.#start) as Delivery[]);
  }

  add(task: Delivery): void {
    this.#tasks[this.#tasks.length] = task;
  }

  /** Called only while there are some. */
  take(): Delivery {
    const task = this.#tasks[this.#start] as Delivery;
    this.#tasks[this.#start] = undefined;
    this.#start += 1;
    if (this.#start === this.#tasks.length) {
      this.#tasks.length = 0;
      this.#start = 0;
    } else if (this.#start > FEW && this.#start > this.#tasks.length / 2) {
      this.#tasks = this.#tasks.slice(this.#start);
      this.#start = 0;
    }
    return task;
  }
}
