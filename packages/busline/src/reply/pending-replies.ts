import type { Deadlines } from "../clock/deadlines.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import { Message } from "../message/message.ts";
import type { MessageIds } from "../message/message-ids.ts";
import { PendingReply, type RequestTerms } from "./pending-reply.ts";

/** The requests of a bus that wait for their reply. */
export class PendingReplies {
  private readonly ids: MessageIds;
  private readonly deadlines: Deadlines;
  /** Those whose id somebody knows. */
  private readonly byId = new Map<string, PendingReply>();
  private readonly lastSettled: () => void;
  /** How many wait. */
  size = 0;
  /** How many replies came when nobody waited for them any more. */
  lateReplies = 0;

  /** @param lastSettled called when no request waits any more */
  constructor(ids: MessageIds, deadlines: Deadlines, lastSettled: () => void) {
    this.ids = ids;
    this.deadlines = deadlines;
    this.lastSettled = lastSettled;
  }

  /** Starts to wait. */
  open(terms: RequestTerms): PendingReply {
    const reply = new PendingReply(terms, this);
    this.size += 1;
    this.deadlines.set(terms.timeoutMs, reply);
    return reply;
  }

  /** From now on a reply that carries the id finds its request. */
  makeId(reply: PendingReply): string {
    const id = this.ids.secret();
    if (!reply.isSettled) this.byId.set(id, reply);
    return id;
  }

  settled(id: string | undefined): void {
    if (id !== undefined) this.byId.delete(id);
    this.size -= 1;
    if (this.size === 0) this.lastSettled();
  }

  /** The listener at the default response destination: brings a reply to its request. */
  receive(message: Message): void | Promise<void> {
    const pending = Message.extrasOf(message).answers ?? this.find(message.responseId);
    if (pending !== undefined && !pending.isSettled) return pending.replied(message);
    this.ignoreLate();
  }

  /** A reply came when nobody waited for it any more. */
  ignoreLate(): void {
    this.lateReplies += 1;
  }

  /** No reply will come any more. */
  failAll(): void {
    // Each request has a deadline.
    for (const deadline of [...this.deadlines]) {
      if (!(deadline instanceof PendingReply)) continue;
      deadline.fail(new RejectedExecutionError("BUSLINE_CLOSED", deadline.destinationName));
    }
  }

  private find(id: string | undefined): PendingReply | undefined {
    return id === undefined ? undefined : this.byId.get(id);
  }
}
