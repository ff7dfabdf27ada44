import { channels, isObserved, traced } from "../diagnostics/channels.ts";
import { Message } from "../message/message.ts";
import type { MessageQueue } from "../queue/message-queue.ts";
import type { DestinationCounters } from "../statistics/destination-counters.ts";
import { Delivery } from "./delivery.ts";
import { Line } from "./line.ts";
import { TakenMessages } from "./taken-messages.ts";

/**
 * All that has been taken in and that no listener has begun with: messages that wait, and before them those that have
 * been handed to workers. To be handed over moves nothing: what has been is the first so many of the line.
 *
 * A worker's task is one message for all of its listeners, or, where workers share messages, for one. A message waits
 * until each of its listeners has been handed to a worker.
 */
export class Backlog {
  readonly line: Line;
  /** The user's own queue, in which they wait instead. */
  source: MessageQueue | undefined;
  /** How many messages at the front of the line have been handed to workers for all of their listeners. */
  handedMessages = 0;
  /** How many workers have a task in hand that they have not started. */
  handedTasks = 0;
  /** A message that workers may come to share has been taken in since the line was last empty. */
  mayShare = false;
  /** The message behind those that have been handed over has been for some of its listeners. */
  private isPartly = false;
  /** How many in the line are shared by several workers. */
  private sharedCount = 0;
  /** The messages whose queues want to be told of their ends. */
  private taken: TakenMessages | undefined = undefined;
  private readonly counters: DestinationCounters;
  private readonly problem: (text: string, error: unknown) => void;

  /** @param problem told of what goes wrong in the user's own queue */
  constructor(
    queue: MessageQueue,
    counters: DestinationCounters,
    problem: (text: string, error: unknown) => void,
  ) {
    this.line = queue instanceof Line ? queue : new Line();
    this.source = queue instanceof Line ? undefined : queue;
    this.counters = counters;
    this.problem = problem;
  }

  /** Where messages wait. */
  get queue(): MessageQueue {
    return this.source ?? this.line;
  }

  /** How many wait in the line that have not been handed to a worker for all of their listeners. */
  get waitingCount(): number {
    return this.line.size - this.handedMessages;
  }

  /** When the message was sent that has waited longest. */
  get oldestSentAt(): number | undefined {
    return this.isPartly || this.source === undefined
      ? this.line.momentAt(this.handedMessages)?.sentAt
      : this.source.oldest()?.sentAt;
  }

  /** Those that have been handed to workers, for some of their listeners at least. */
  get inHand(): Message[] {
    return Array.from({ length: this.inHandCount }, (_, at) => this.line.at(at) as Message);
  }

  /** Puts a message where messages wait. */
  add(message: Message): void {
    const { queue } = this;
    if (!isObserved(channels.enqueue)) return queue.add(message);
    const trace = { message, destinationName: message.destinationName };
    traced(channels.enqueue, trace, () => queue.add(message));
  }

  /** Hands the next message to a worker, or one that several workers share to one more of them. */
  handOut(workerPerListener: boolean): boolean {
    if (this.line.size <= this.handedMessages && !this.takeFromSource()) return false;
    this.handedTasks += 1;
    if (this.isPartly || (this.mayShare && this.isShared(workerPerListener))) {
      this.handOutPartly(workerPerListener);
    } else {
      this.handedMessages += 1;
      this.counters.started();
    }
    return true;
  }

  /** Hands the next message to a worker, where none is shared. */
  handOutPlainly(): void {
    this.handedTasks += 1;
    this.handedMessages += 1;
    this.counters.started();
  }

  /** A worker starts the next task. @returns a message for it alone, or one that it shares */
  start(): Message | Delivery {
    this.handedTasks -= 1;
    const progress =
      this.sharedCount > 0 ? Message.progressOf(this.line.at(0) as Message) : undefined;
    if (progress instanceof Delivery) return progress;
    this.handedMessages -= 1;
    return this.line.take() as Message;
  }

  /** A worker starts the next task, where none is shared, and takes its message itself. */
  startPlainly(): void {
    this.handedTasks -= 1;
    this.handedMessages -= 1;
  }

  /** It is one that it shares: how far does it carry it? @returns the number of the last listener, plus one */
  startShared(delivery: Delivery): number {
    delivery.begunCount = delivery.isCarriedWhole
      ? delivery.moment.listenings.length
      : delivery.begunCount + 1;
    delivery.tasksInHand -= 1;
    if (delivery.isCarriedWhole) {
      this.handedTasks -= delivery.tasksInHand;
      delivery.tasksInHand = 0;
    }
    if (delivery.tasksInHand === 0 && this.handedMessages > 0) this.leave(0);
    return delivery.begunCount;
  }

  /** Takes back one that no listener has begun with, and books what has become of it; "pending": it lies elsewhere. */
  takeBack(message: Message, outcome: "discarded" | "expired" | "pending"): boolean {
    const progress = Message.progressOf(message);
    const delivery = progress instanceof Delivery ? progress : undefined;
    if (progress !== "waiting" && delivery?.begunCount !== 0) return false;
    const position = this.positionInHand(message);
    if (position < 0) {
      this.removeWaiting(message);
    } else {
      this.handedTasks -= delivery?.tasksInHand ?? 1;
      if (delivery !== undefined) this.sharedCount -= 1;
      this.line.remove(message);
    }
    const wasActive = position >= 0 && position < this.handedMessages;
    if (wasActive) this.handedMessages -= 1;
    // In the hands of workers, but for some of its listeners only, it still counted as waiting.
    else if (position >= 0) this.isPartly = false;
    if (outcome !== "pending") {
      if (wasActive) this.counters.finished(outcome);
      else this.counters.dropped(outcome);
    } else if (wasActive) {
      this.counters.stays();
    }
    Message.setProgress(message, "ended");
    return true;
  }

  /** Whether it has been handed to a worker, for some of its listeners at least. */
  isInHand(message: Message): boolean {
    return this.positionInHand(message) >= 0;
  }

  /** Takes out all that wait, of which no listener has been handed to a worker. */
  takeWaiting(): Message[] {
    const waiting = this.line.removeFrom(this.inHandCount);
    return this.source === undefined ? waiting : [...waiting, ...this.source.removeAll()];
  }

  /** Before what waits in a user's own queue stands what comes back for another attempt. */
  private removeWaiting(message: Message): void {
    const isBack = this.source !== undefined && this.line.positionOf(message, Infinity) >= 0;
    if (isBack) this.line.remove(message);
    else this.queue.remove(message);
  }

  /** What waits goes on waiting in another queue, in order: all of it, or none if that throws. */
  moveTo(queue: MessageQueue): void {
    const from = this.queue;
    const to = queue instanceof Line ? this.line : queue;
    if (to !== from) {
      const back = this.line.removeFrom(this.inHandCount);
      const waiting = this.source === undefined ? [] : this.source.removeAll();
      try {
        for (const message of [...back, ...waiting]) to.add(message);
      } catch (error) {
        for (const message of back) this.line.add(message);
        for (const message of waiting) from.add(message);
        throw error;
      }
    }
    this.source = queue instanceof Line ? undefined : queue;
    // What is in the line may be shared, also where that is over for others.
    this.mayShare = true;
    this.lookAgain();
  }

  /** Nothing in the line, and nothing to come into it from a queue of the user's own, can be shared. */
  lookAgain(): void {
    if (this.source === undefined && this.line.size === 0) this.mayShare = false;
  }

  /** A close cuts short what workers share: of which some listeners have begun, and not all have been handed over. */
  cutShort(): void {
    if (!this.isPartly) return;
    const delivery = Message.progressOf(this.line.at(this.handedMessages) as Message) as Delivery;
    this.isPartly = false;
    this.handedMessages += 1;
    this.counters.started();
    if (delivery.tasksInHand === 0) this.leave(this.handedMessages - 1);
    delivery.cutShort(delivery.moment.listenings.length - delivery.handedCount);
  }

  /** A message has ended. @returns whether its queue, which may have held others back, has been told */
  ended(message: Message): boolean {
    return this.taken?.ended(message) === true;
  }

  /** How many messages at the front of the line have been handed to workers, for some listeners at least. */
  get inHandCount(): number {
    return this.isPartly ? this.handedMessages + 1 : this.handedMessages;
  }

  private positionInHand(message: Message): number {
    return this.line.positionOf(message, this.inHandCount);
  }

  private isShared(workerPerListener: boolean): boolean {
    const moment = this.line.momentAt(this.handedMessages);
    return workerPerListener && moment !== undefined && moment.listenings.length > 1;
  }

  private handOutPartly(workerPerListener: boolean): void {
    const message = this.line.at(this.handedMessages) as Message;
    if (!this.isPartly) {
      Message.setProgress(message, Delivery.of(message));
      this.sharedCount += 1;
    }
    const delivery = Message.progressOf(message) as Delivery;
    const count = delivery.moment.listenings.length;
    delivery.isCarriedWhole = !workerPerListener;
    delivery.handedCount = workerPerListener ? delivery.handedCount + 1 : count;
    delivery.tasksInHand += 1;
    this.isPartly = delivery.handedCount < count;
    if (this.isPartly) return;
    this.handedMessages += 1;
    this.counters.started();
  }

  /** All tasks of a shared message have started. */
  private leave(position: number): void {
    this.handedMessages -= 1;
    this.sharedCount -= 1;
    this.line.removeAt(position);
  }

  /** Takes the next message out of the user's own queue into the line. */
  private takeFromSource(): boolean {
    const { source } = this;
    if (source === undefined) return false;
    let message: Message | undefined;
    try {
      message = source.take();
    } catch (error) {
      this.problem("A queue failed to give out a message", error);
    }
    if (message === undefined) return false;
    this.line.add(message);
    if (source.ended !== undefined) {
      this.taken ??= new TakenMessages(this.problem);
      this.taken.add(message, source);
    }
    return true;
  }
}
