import type { Message } from "../message/message.ts";
import type { MessageQueue } from "../queue/message-queue.ts";

/** Messages that were taken out of queues which want to be told of their ends. */
export class TakenMessages {
  readonly #problem: (text: string, error: unknown) => void;
  readonly #queues = new Map<Message, MessageQueue>();

  /** @param problem told of a queue that fails to be told */
  constructor(problem: (text: string, error: unknown) => void) {
    this.#problem = problem;
  }

  add(message: Message, queue: MessageQueue): void {
    this.#queues.set(message, queue);
  }

  /** Tells its queue. @returns whether there was one to be told, which may give out another message now */
  ended(message: Message): boolean {
    const queue = this.#queues.get(message);
    if (queue === undefined) return false;
    this.#queues.delete(message);
    try {
      queue.ended?.(message);
    } catch (error) {
      this.#problem("A queue could not be told of a message's end", error);
    }
    return true;
  }
}
