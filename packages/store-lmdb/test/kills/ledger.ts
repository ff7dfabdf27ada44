import type { ChildEvent, QuietCounts, QuietLetter } from "./child-event.ts";
import { RigMessage } from "./rig-message.ts";

/** A listener was given a message. */
export interface Call {
  readonly life: number;
  readonly attempt: number;
  end: "done" | "failed" | undefined;
  /** How many calls had begun at its destination in its life when it ended. */
  begunBefore: number;
}

/** What the parent knows of a message. */
export interface Account {
  readonly message: RigMessage;
  /** Its place in the order in which messages were sent for the first time. */
  readonly rank: number;
  sentTimes: number;
  acceptedTimes: number;
  rejectedTimes: number;
  readonly calls: Map<string, Call[]>;
}

/** One child, from its start to its end. */
export interface Life {
  readonly number: number;
  /** It did not end by itself. */
  isKilled: boolean;
  sent: number;
  /** Of those that it was told of. */
  answered: number;
  readonly starts: Account[];
  /** How many of them, by destination. */
  readonly begun: Map<string, number>;
  ready: { readonly ms: number; readonly recovered: number } | undefined;
}

/** Nobody has to wait for what is durable: when the deadline comes, after twice that, something has been forgotten. */
const MOST_CLOSE_MS = 5_000;

/** The books of a run, kept by the process that is never killed. */
export class Ledger {
  readonly seed: number;
  readonly accounts = new Map<string, Account>();
  readonly lives: Life[] = [];
  readonly rejections = new Map<string, number>();
  /** What was not as it must be, as soon as it was seen. */
  readonly faults: string[] = [];
  counts: readonly QuietCounts[] = [];
  letters: readonly QuietLetter[] = [];

  constructor(seed: number) {
    this.seed = seed;
  }

  begin(): Life {
    const life: Life = {
      number: this.lives.length + 1,
      isKilled: false,
      sent: 0,
      answered: 0,
      starts: [],
      begun: new Map(),
      ready: undefined,
    };
    this.lives.push(life);
    return life;
  }

  take(event: ChildEvent, life: Life): void {
    switch (event.is) {
      case "ready":
        life.ready = event;
        break;
      case "sent":
        life.sent += event.messages.length;
        for (const name of event.messages) this.#accountOf(name).sentTimes += 1;
        break;
      case "accepted":
        life.answered += 1;
        this.#accountOf(event.message).acceptedTimes += 1;
        break;
      case "rejected":
        life.answered += 1;
        this.#accountOf(event.message).rejectedTimes += 1;
        this.rejections.set(String(event.code), (this.rejections.get(String(event.code)) ?? 0) + 1);
        break;
      case "started":
        this.#started(event, life);
        break;
      case "done":
      case "failed":
        this.#ended(event, life);
        break;
      case "closed":
        if (event.ms > MOST_CLOSE_MS) {
          this.faults.push(`life ${life.number}: its close took ${Math.round(event.ms)} ms`);
        }
        break;
      case "quiet":
        this.counts = event.counts;
        this.letters = event.letters;
        break;
      case "refused":
      case "problem":
        this.faults.push(`life ${life.number}: ${event.text}`);
        break;
      default:
        break;
    }
  }

  /** The numbers that come next, by destination and producer. */
  get next(): Record<string, number> {
    const next: Record<string, number> = {};
    for (const { message } of this.accounts.values()) {
      const producer = `${message.destination}/${message.producer}`;
      next[producer] = Math.max(next[producer] ?? 1, message.number + 1);
    }
    return next;
  }

  /** Those of which nobody knows whether they were accepted, and which may be sent again: they have ids of their own. */
  get unknown(): string[] {
    const accounts = [...this.accounts.values()].filter(
      ({ acceptedTimes, message, rejectedTimes }) => {
        return message.hasOwnId && acceptedTimes + rejectedTimes === 0;
      },
    );
    return accounts.map(({ message }) => message.name);
  }

  #accountOf(name: string): Account {
    let account = this.accounts.get(name);
    if (account === undefined) {
      account = {
        message: new RigMessage(name, this.seed),
        rank: this.accounts.size,
        sentTimes: 0,
        acceptedTimes: 0,
        rejectedTimes: 0,
        calls: new Map(),
      };
      this.accounts.set(name, account);
    }
    return account;
  }

  #started(event: Extract<ChildEvent, { is: "started" }>, life: Life): void {
    const { attempt, hash, listener } = event;
    const known = this.accounts.get(event.message);
    const where = `life ${life.number}: ${event.message} at ${listener}`;
    if (known === undefined) this.faults.push(`E4: ${where}: was never sent`);
    const account = known ?? this.#accountOf(event.message);
    if (hash !== account.message.hash) {
      this.faults.push(`E5: ${where}: ${hash}, not ${account.message.hash}`);
    }
    const calls = account.calls.get(listener) ?? [];
    const last = calls.at(-1);
    if (last !== undefined && last.attempt >= attempt) {
      this.faults.push(`attempts: ${where}: attempt ${attempt} after ${last.attempt}`);
    }
    if (last?.life === life.number && last.end !== "failed") {
      this.faults.push(`E6: ${where}: once more in the same life`);
    }
    calls.push({ life: life.number, attempt, end: undefined, begunBefore: 0 });
    account.calls.set(listener, calls);
    life.starts.push(account);
    const { destination } = account.message;
    life.begun.set(destination, (life.begun.get(destination) ?? 0) + 1);
  }

  #ended(event: Extract<ChildEvent, { is: "done" | "failed" }>, life: Life): void {
    const account = this.accounts.get(event.message);
    const call = account?.calls.get(event.listener)?.at(-1);
    if (call?.life !== life.number || call.end !== undefined) {
      this.faults.push(`life ${life.number}: ${event.message} ended without a beginning`);
      return;
    }
    call.end = event.is;
    call.begunBefore = life.begun.get(account?.message.destination ?? "") ?? 0;
  }
}
