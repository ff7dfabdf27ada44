/** The three built-in types. */
export type Kind = "parallel" | "serial" | "synchronous";
/** The ready-made rejected execution handlers that stay within one destination. */
export type Policy = "abort" | "callerRuns" | "discard" | "discardOldest" | "waitForSpace";
/** What listeners do with a message: run until they are let go, return, throw, or unregister themselves and return. */
export type Ending = "held" | "returns" | "throws" | "leaves";
/** Where a message is. */
export type Stage =
  | ("waiting for space" | "pending" | "active")
  | ("delivered" | "failed" | "rejected" | "discarded" | "undelivered");

/** How a modelled destination is made. */
export interface ModelSettings {
  readonly kind: Kind;
  readonly policy: Policy;
  readonly limit: number;
  readonly core: number;
  readonly max: number;
  /** Every listener holds every message: none returns or throws at once. */
  readonly isHeldOnly: boolean;
}

interface Entry {
  readonly id: string;
  readonly ending: Ending;
  /** Listeners of which no worker has taken charge. */
  readonly recipients: string[];
  unfinished: number;
  wasTaken: boolean;
  wasAsked: boolean;
  hasFailed: boolean;
  /** A close passed its deadline before every listener had had its turn. */
  wasCutShort: boolean;
}

/** What one worker, or the sender in its own turn, has in hand: listeners to ask one after another. */
interface Task {
  readonly entry: Entry;
  readonly listeners: string[];
  readonly bySender: boolean;
}

/** One destination as the rules describe it, without promises: each command has its whole effect in `settle`. */
export class ReferenceModel {
  readonly settings: ModelSettings;
  policy: Policy;
  limit: number;
  core: number;
  max: number;
  readonly stages: Map<string, Stage> = new Map();
  /** Which listener started with which message, in order. */
  readonly starts: string[] = [];
  readonly running: Task[] = [];
  /** Messages whose senders still wait. */
  readonly waitingSenders: Set<string> = new Set();
  readonly report = { undelivered: new Set<string>(), interrupted: new Set<string>() };
  listeners: string[] = [];
  isPaused = false;
  phase: "open" | "draining" | "closed" = "open";
  currentWorkers: number;
  activeWorkers = 0;
  #queue: Entry[] = [];
  #spaceWaiters: Entry[] = [];
  readonly #handed: Task[] = [];
  #remainingMs = Infinity;

  constructor(settings: ModelSettings) {
    this.settings = settings;
    ({ policy: this.policy, limit: this.limit } = settings);
    ({ core: this.core, max: this.max, core: this.currentWorkers } = settings);
  }

  send(id: string, ending: Ending): void {
    const recipients = [...this.listeners];
    const nothingYet = { wasTaken: false, wasAsked: false, hasFailed: false, wasCutShort: false };
    const entry: Entry = { id, ending, recipients, unfinished: recipients.length, ...nothingYet };
    if (this.phase !== "open") this.stages.set(id, "rejected");
    else if (recipients.length === 0) this.stages.set(id, "undelivered");
    else if (this.settings.kind === "synchronous" && this.isPaused) this.stages.set(id, "rejected");
    else if (this.settings.kind === "synchronous") this.#runBySender(entry);
    else if (this.#hasRoom && this.#spaceWaiters.length === 0) this.#enqueue(entry);
    else this.#overflow(entry);
  }

  /** A running listener ends. */
  end(index: number, isFailure: boolean): void {
    for (const task of this.running.splice(index, 1)) {
      task.entry.hasFailed ||= isFailure;
      task.entry.unfinished -= 1;
      this.#carry(task);
    }
  }

  purge(): number {
    const dropped = this.#takeUntouched();
    for (const { id } of dropped) this.stages.set(id, "discarded");
    return dropped.length;
  }

  setWorkersSize(core: number, max: number): void {
    Object.assign(this, { core, max });
    this.currentWorkers = Math.max(core, this.activeWorkers, Math.min(this.currentWorkers, max));
  }

  close(deadlineMs: number): void {
    Object.assign(this, { phase: "draining", isPaused: false });
    this.#remainingMs = deadlineMs;
  }

  /** Time passes, at least the idle timeout: workers above the core size that were idle have ended. */
  advance(ms: number): void {
    this.currentWorkers = Math.max(Math.min(this.core, this.currentWorkers), this.activeWorkers);
    this.#remainingMs -= ms;
    if (this.phase === "draining" && this.#remainingMs <= 0) this.#forceClose();
  }

  /** Starts what can start; a draining destination is closed when nothing is left. */
  settle(): void {
    this.#handOut();
    for (let task = this.#handed.shift(); task !== undefined; task = this.#handed.shift()) {
      this.#carry(task);
      this.#handOut();
    }
    if (this.phase === "draining" && this.running.length === 0) this.phase = "closed";
  }

  get #hasRoom(): boolean {
    return this.#queue.length < this.limit;
  }

  #enqueue(entry: Entry): void {
    this.stages.set(entry.id, "pending");
    this.#queue.push(entry);
    this.#handOut();
  }

  #overflow(entry: Entry): void {
    if (this.policy === "abort") this.stages.set(entry.id, "rejected");
    else if (this.policy === "discard") this.stages.set(entry.id, "discarded");
    else if (this.policy === "callerRuns") this.#runBySender(entry);
    else if (this.policy === "waitForSpace") {
      this.stages.set(entry.id, "waiting for space");
      this.waitingSenders.add(entry.id);
      this.#spaceWaiters.push(entry);
    } else {
      const dropped = this.#takeUntouched(1)[0] ?? entry;
      this.stages.set(dropped.id, "discarded");
      if (dropped !== entry) this.#enqueue(entry);
    }
  }

  /** Takes the oldest waiting messages of which no worker has taken charge. */
  #takeUntouched(most = Infinity): Entry[] {
    const taken = this.#queue.filter(({ wasTaken }) => !wasTaken).slice(0, most);
    this.#queue = this.#queue.filter((entry) => !taken.includes(entry));
    return taken;
  }

  /** Free workers take what waits; senders that wait for room come in behind. */
  #handOut(): void {
    for (;;) {
      while (!this.isPaused && this.activeWorkers < this.max && this.#queue[0] !== undefined) {
        this.#hand(this.#queue[0]);
      }
      const waiter = this.#hasRoom ? this.#spaceWaiters.shift() : undefined;
      if (waiter === undefined) return;
      this.waitingSenders.delete(waiter.id);
      this.stages.set(waiter.id, "pending");
      this.#queue.push(waiter);
    }
  }

  #hand(entry: Entry): void {
    entry.wasTaken = true;
    this.activeWorkers += 1;
    this.currentWorkers = Math.max(this.currentWorkers, this.activeWorkers);
    const count = this.settings.kind === "parallel" ? 1 : entry.recipients.length;
    this.#handed.push({ entry, listeners: entry.recipients.splice(0, count), bySender: false });
    if (entry.recipients.length > 0) return;
    this.#queue.shift();
    this.stages.set(entry.id, "active");
  }

  #runBySender(entry: Entry): void {
    this.stages.set(entry.id, "active");
    this.waitingSenders.add(entry.id);
    const count = this.settings.kind === "parallel" ? 1 : entry.recipients.length;
    while (entry.recipients.length > 0) {
      this.#carry({ entry, listeners: entry.recipients.splice(0, count), bySender: true });
    }
  }

  #carry(task: Task): void {
    const { entry, listeners } = task;
    for (let name = listeners.shift(); name !== undefined; name = listeners.shift()) {
      if (this.listeners.includes(name)) {
        entry.wasAsked = true;
        this.starts.push(`${entry.id}@${name}`);
        if (entry.ending === "held") return void this.running.push(task);
        entry.hasFailed ||= entry.ending === "throws";
        if (entry.ending === "leaves") this.listeners.splice(this.listeners.indexOf(name), 1);
      }
      entry.unfinished -= 1;
    }
    if (!task.bySender) {
      this.activeWorkers -= 1;
      if (this.currentWorkers > this.max) this.currentWorkers -= 1;
    }
    if (entry.unfinished === 0) this.#finish(entry);
  }

  #finish({ id, wasAsked, hasFailed, wasCutShort }: Entry): void {
    this.waitingSenders.delete(id);
    if (!wasAsked) this.stages.set(id, "undelivered");
    else if (hasFailed) this.stages.set(id, "failed");
    else this.stages.set(id, wasCutShort ? "discarded" : "delivered");
  }

  #forceClose(): void {
    this.phase = "closed";
    for (const { id } of this.#spaceWaiters.splice(0)) {
      this.stages.set(id, "rejected");
      this.waitingSenders.delete(id);
    }
    for (const { id } of this.#takeUntouched()) {
      this.stages.set(id, "discarded");
      this.report.undelivered.add(id);
    }
    const inHand = this.running.map(({ entry, listeners }) => ({ entry, left: listeners }));
    const waiting = this.#queue.splice(0).map((entry) => ({ entry, left: entry.recipients }));
    for (const { entry, left } of [...inHand, ...waiting]) {
      this.report.interrupted.add(entry.id);
      this.stages.set(entry.id, "active");
      entry.wasCutShort ||= left.length > 0;
      entry.unfinished -= left.splice(0).length;
      if (entry.unfinished === 0) this.#finish(entry);
    }
  }
}
