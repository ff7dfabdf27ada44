import type { Deadlines } from "../clock/deadlines.ts";
import { AbortError } from "../errors/abort-error.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import { RequestTimeoutError } from "../errors/request-timeout-error.ts";
import type { Message } from "../message/message.ts";
import type { MessageIds } from "../message/message-ids.ts";
import type { StandardSchema } from "../validation/standard-schema.ts";
import { PendingReply } from "./pending-reply.ts";

/** What a request asks for. */
export interface RequestTerms {
  readonly destinationName: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly replySchema: StandardSchema | undefined;
}

/** The requests of a bus that wait for their reply, by the id that the reply carries. */
export class PendingReplies {
  readonly #ids: MessageIds;
  readonly #deadlines: Deadlines;
  readonly #pending = new Map<
    string,
    { readonly reply: PendingReply; readonly destinationName: string }
  >();
  readonly #lastSettled: () => void;
  #lateReplies = 0;

  /** @param lastSettled called when no request waits any more */
  constructor(ids: MessageIds, deadlines: Deadlines, lastSettled: () => void) {
    this.#ids = ids;
    this.#deadlines = deadlines;
    this.#lastSettled = lastSettled;
  }

  /** How many wait. */
  get size(): number {
    return this.#pending.size;
  }

  /** How many replies came when nobody waited for them any more. */
  get lateReplies(): number {
    return this.#lateReplies;
  }

  /** Starts to wait. */
  open(terms: RequestTerms): PendingReply {
    const { destinationName, timeoutMs, signal } = terms;
    const id = this.#ids.secret();
    const aborted = (): void =>
      reply.giveUpWith("aborted", new AbortError(destinationName, signal?.reason));
    const reply = new PendingReply({
      id,
      destinationName,
      replySchema: terms.replySchema,
      settled: () => {
        this.#pending.delete(id);
        signal?.removeEventListener("abort", aborted);
        if (this.#pending.size === 0) this.#lastSettled();
      },
    });
    this.#pending.set(id, { reply, destinationName });
    signal?.addEventListener("abort", aborted);
    reply.deadline = this.#deadlines.set(timeoutMs, () => {
      reply.giveUpWith("timed-out", new RequestTimeoutError(destinationName, timeoutMs));
    });
    return reply;
  }

  /** The listener at the default response destination: brings a reply to its request. */
  receive(message: Message): void | Promise<void> {
    const pending =
      message.responseId === undefined ? undefined : this.#pending.get(message.responseId);
    if (pending !== undefined) return pending.reply.replied(message);
    this.ignoreLate();
  }

  /** A reply came when nobody waited for it any more. */
  ignoreLate(): void {
    this.#lateReplies += 1;
  }

  /** No reply will come any more. */
  failAll(): void {
    for (const { reply, destinationName } of [...this.#pending.values()]) {
      reply.fail(new RejectedExecutionError("BUSLINE_CLOSED", destinationName));
    }
  }
}
