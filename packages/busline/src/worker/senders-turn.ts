import type { Reading } from "../clock/reading.ts";
import { Message } from "../message/message.ts";
import type { SendMoment } from "../message/send-moment.ts";
import type { DestinationCounters } from "../statistics/destination-counters.ts";
import { Delivery } from "./delivery.ts";
import { carryInTurn } from "./plain-turn.ts";
import { Worker } from "./worker.ts";

/** Runs messages' listeners in the turns of their senders, who thereby become their workers. */
export class SendersTurn {
  /** Workers that carry nothing: one for each turn that has ever run in another. */
  private resting: Worker | undefined;
  /** The one for turns that run in no other. */
  private plainWorker = new Worker(undefined, true);

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

  /**
   * The same, where there is nothing to be said of the message but that it has been sent, and no sender's turn is going on
   * around this one.
   *
   * @returns false if that is not so, and nothing has been done
   */
  runPlainly(
    payload: unknown,
    moment: SendMoment,
    run: Reading,
    counters: DestinationCounters,
  ): Delivery | undefined | false {
    const worker = this.plainWorker;
    const hasEnded = carryInTurn(worker, payload, moment, run, counters);
    if (hasEnded === true && worker.delivery === undefined) return undefined;
    return hasEnded === undefined ? false : this.endPlainly(worker, hasEnded);
  }

  private endPlainly(worker: Worker, hasEnded: boolean): Delivery | undefined {
    if (!hasEnded) {
      this.plainWorker = new Worker(undefined, true);
      return this.end(worker, worker.keepMore(), false);
    }
    const { delivery } = worker;
    worker.delivery = undefined;
    return delivery;
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
