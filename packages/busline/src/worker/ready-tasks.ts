import type { Message } from "../message/message.ts";
import { Delivery } from "./delivery.ts";

/** A message for one worker, or one that several workers share. */
type Task = Message | Delivery;

const FEW = 1_024;

/** Tasks in the hands of workers that have not started yet, in the order of their start. */
export class ReadyTasks {
  private tasks: (Task | undefined)[] = [];
  private start = 0;
  private end = 0;

  get size(): number {
    return this.end - this.start;
  }

  /** Their messages, each once. */
  get messages(): Message[] {
    const tasks = this.tasks.slice(this.start, this.end) as Task[];
    return [...new Set(tasks.map((task) => (task instanceof Delivery ? task.message : task)))];
  }

  add(task: Task): void {
    this.tasks[this.end] = task;
    this.end += 1;
  }

  /** Called only while there are some. */
  take(): Task {
    const task = this.tasks[this.start] as Task;
    this.tasks[this.start] = undefined;
    this.start += 1;
    if (this.start === this.end) {
      this.start = 0;
      this.end = 0;
    } else if (this.start > FEW && this.start > this.end / 2) {
      this.tasks = this.tasks.slice(this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    return task;
  }
}
