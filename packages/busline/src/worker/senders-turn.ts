import { Message } from "../message/message.ts";
import { Delivery } from "./delivery.ts";
import { Worker } from "./worker.ts";

/** Runs messages' listeners in the turns of their senders, who thereby become their workers. */
export class SendersTurn {
  /** Workers that carry nothing: one for each turn that has ever run in another. */
  private resting: Worker | undefined;

  /**
   * One listener starts when the one before it has ended.
   *
   * @param tellsSender the sender gets what the listeners throw
   * @returns undefined if each returned plainly; `ending` is set only where one goes on after it has returned
   */
  run(message: Message, tellsSender: boolean): Delivery | undefined {
    const worker = this.resting ?? new Worker(undefined);
    this.resting = worker.nextResting;
    worker.tellsSender = tellsSender;
    const hasEnded = worker.carry(message);
    if (!hasEnded) return this.end(worker, worker.keepMore(), false);
    if (worker.delivery !== undefined) return this.end(worker, worker.delivery, true);
    worker.nextResting = this.resting;
    this.resting = worker;
    return undefined;
  }

  /** All listeners start at once. */
  runAtOnce(message: Message, tellsSender: boolean): Delivery {
    const delivery = Delivery.of(message);
    delivery.isSendersTurn = tellsSender;
    const count = delivery.moment.listenings.length;
    delivery.begunCount = count;
    Message.setProgress(message, delivery);
    const endings: Promise<void>[] = [];
    for (let at = 0; at < count; at += 1) {
      const worker = new Worker(undefined);
      this.end(worker, delivery, worker.carryShared(delivery, at, at + 1));
      if (delivery.ending !== undefined) endings.push(delivery.ending);
      delivery.ending = undefined;
    }
    if (endings.length > 0) delivery.ending = Promise.all(endings).then(() => {});
    return delivery;
  }

  private end(worker: Worker, delivery: Delivery, hasEnded: boolean): Delivery {
    if (hasEnded) {
      worker.delivery = undefined;
      worker.nextResting = this.resting;
      this.resting = worker;
    } else {
      // The worker is not used again: code that it started may still ask what it belonged to.
      delivery.ending = new Promise((resolve) => {
        worker.onFree = () => resolve();
      });
    }
    return delivery;
  }
}
