import { MessageChannel, type MessagePort, type Transferable, Worker } from "node:worker_threads";
import type { Clock } from "busline";
import { packError, unpackError } from "./carried-error.ts";
import { Claims } from "./claims.ts";
import type { DeliverOrder, Order, ThreadData } from "./crossing.ts";
import type { ListenerOfModule } from "./module-listener.ts";
import { type ReadReport, ReportInbox } from "./report-inbox.ts";
import type { ThreadSettings } from "./thread-settings.ts";
import type { ThreadTask } from "./thread-task.ts";

/** Told what becomes of a thread. */
export interface PoolThreadOwner {
  /** It has nothing in hand any more. */
  becameIdle(thread: PoolThread): void;
  /** It could take another task. */
  hasRoom(thread: PoolThread): void;
  /** It has given tasks back that it has not begun with. */
  gaveBack(tasks: readonly ThreadTask[]): void;
  /** A listener has replied to a message when it had ended. */
  repliedLate(destinationName: string, messageId: string): void;
  /** It is no more. @param left tasks that it has not begun with */
  exited(thread: PoolThread, left: readonly ThreadTask[], error: unknown): void;
}

/** What has been taken back still lies in the port, and its numbers must not come round again before it is passed over. */
const MOST_POSTED = 30_000;
const NOT_POSTED = -1;
/** So long it may take, in milliseconds of real time, to bring out what listeners have printed. */
const FLUSH_MS = 250;
let lastNumber = 0;

/** One thread, and the tasks that it has been given: it works on the first of them, the others wait in its port. */
export class PoolThread {
  readonly settings: ThreadSettings;
  /** Since when it has had nothing to do, by its pool's clock. */
  idleSince = 0;
  isUp = false;
  isEnding = false;
  /** It has begun with a task. */
  hasBegun = false;
  readonly #owner: PoolThreadOwner;
  readonly #clock: Clock;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #claims = new Claims();
  readonly #inbox: ReportInbox;
  /** The numbers of listeners at destinations that it has been told of, and which of them it has loaded. */
  readonly #listeners = new Map<ListenerOfModule, Map<string, number>>();
  #listenerCount = 0;
  readonly #loaded = new Set<number>();
  #given: ThreadTask[] = [];
  /** Those of them that have still to be posted. */
  #outgoing: ThreadTask[] = [];
  #orderCount = 0;
  /** How many tasks have been posted behind the last one that it has ended. */
  #postedCount = 0;
  #error: { readonly error: unknown } | undefined;
  #flushed: (() => void) | undefined;
  readonly #gone: Promise<void>;

  constructor(settings: ThreadSettings, owner: PoolThreadOwner, clock: Clock) {
    this.settings = settings;
    this.#owner = owner;
    this.#clock = clock;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#inbox = new ReportInbox(
      port1,
      clock,
      (report) => this.#read(report),
      () => this.#given.length > 1,
    );
    this.#worker = new Worker(settings.program, {
      ...settings.options,
      workerData: {
        claims: this.#claims.buffer,
        ends: this.#inbox.ends.buffer,
        port: port2,
      } satisfies ThreadData,
      transferList: [port2],
    });
    // Its pool holds the process while there is work.
    this.#worker.unref();
    port1.unref();
    this.#worker.on("error", (error: unknown) => {
      this.#error = { error };
    });
    this.#gone = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        this.#exited(code);
        resolve();
      });
    });
  }

  /** How many tasks it has been given and has not ended. */
  get taskCount(): number {
    return this.#given.length;
  }

  /** Gives it a task, behind those that it has. */
  give(task: ThreadTask): void {
    lastNumber += 1;
    task.number = lastNumber;
    task.sequence = NOT_POSTED;
    task.orderNumber = NOT_POSTED;
    task.thread = this;
    this.#given.push(task);
    if (this.#outgoing.push(task) === 1) this.#clock.atEndOfRun(this.#post);
  }

  /** Takes back what it has not begun with. */
  takeBack(): ThreadTask[] {
    if (this.#postedCount > MOST_POSTED) return [];
    const isBack = this.#claims.takeBack();
    const outgoing = new Set(this.#outgoing.splice(0));
    const back: ThreadTask[] = [];
    this.#given = this.#given.filter((task) => {
      if (!outgoing.has(task) && !isBack(task.sequence)) return true;
      task.thread = undefined;
      task.takenBack();
      back.push(task);
      return false;
    });
    return back;
  }

  /** Aborts the signal of a task that it has been given. */
  abort(task: ThreadTask): void {
    // What is still to be posted says so itself.
    if (task.thread === this && task.sequence !== NOT_POSTED) this.#tellAbort(task);
  }

  /** Reads what it has told, whether or not the event loop has come to it. */
  catchUp(): void {
    this.#inbox.catchUp();
  }

  /** Ends it, with what it has in hand. @returns resolves when it is gone */
  async end(): Promise<void> {
    this.isEnding = true;
    if (this.isUp && this.#given.length === 0) await this.#flush();
    await this.#worker.terminate();
    await this.#gone;
  }

  /** Brings out what its listeners have printed, unless something of theirs holds the thread. */
  async #flush(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#flushed = resolve;
      this.#tell({ kind: "flush" }, []);
      timer = setTimeout(resolve, FLUSH_MS);
    });
    clearTimeout(timer);
  }

  readonly #post = (): void => {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    let from = 0;
    for (let at = 0; at < outgoing.length; at += 1) {
      if (outgoing[at]?.goesAlone !== true) continue;
      this.#postAll(outgoing.slice(from, at));
      this.#postAll(outgoing.slice(at, at + 1));
      from = at + 1;
    }
    this.#postAll(from === 0 ? outgoing : outgoing.slice(from));
    this.#lookAtFirst();
    this.#inbox.watch();
  };

  #postAll(all: readonly ThreadTask[]): void {
    const posted: ThreadTask[] = [];
    const orders: DeliverOrder[] = [];
    const transfers: Transferable[] = [];
    for (const task of all) {
      try {
        for (const one of task.transfers()) transfers.push(one);
        const listener = this.#numberOf(task);
        task.sequence = this.#claims.add();
        orders.push(task.order(listener));
        posted.push(task);
      } catch (error) {
        this.#drop(task, error);
      }
    }
    if (posted.length === 0) return;
    // A listener begins as soon as its message is there.
    for (const task of posted) if (task.abort !== undefined) this.#tellAbort(task);
    try {
      this.#tell({ kind: "deliver", orders }, transfers);
    } catch (error) {
      // Of several, one cannot be copied: which one?
      const [task] = posted;
      if (posted.length === 1 && task !== undefined) this.#drop(task, error);
      else for (const one of posted) this.#postAll([one]);
      return;
    }
    this.#postedCount += posted.length;
    for (const task of posted) {
      task.orderNumber = this.#orderCount;
      task.posted();
    }
  }

  #tellAbort({ number, abort }: ThreadTask): void {
    this.#tell({ kind: "abort", task: number, reason: packError(abort?.reason) }, []);
  }

  #tell(order: Order, transfer: readonly Transferable[]): void {
    this.#port.postMessage(order, transfer);
    this.#orderCount += 1;
  }

  #numberOf({ listener, destinationName }: ThreadTask): number {
    let numbers = this.#listeners.get(listener);
    if (numbers === undefined) this.#listeners.set(listener, (numbers = new Map()));
    let number = numbers.get(destinationName);
    if (number === undefined) {
      const { url, exportName } = listener;
      number = this.#listenerCount;
      this.#listenerCount += 1;
      numbers.set(destinationName, number);
      this.#tell({ kind: "listener", number, url, exportName, destinationName }, []);
    }
    return number;
  }

  #read(report: ReadReport): void {
    if (report.kind === "unreadable here") {
      // It is the first one's.
      this.#first((task) => task.failed(report.error));
    } else if (report.kind === "up") {
      this.isUp = true;
      if (this.#given.length === 0) this.#becameIdle();
    } else if (report.kind === "loaded") {
      this.#loaded.add(report.listener);
      this.#lookAtFirst();
    } else if (report.kind === "flushed") {
      this.#flushed?.();
    } else if (report.kind === "replied late") {
      this.#owner.repliedLate(report.destinationName, report.id);
    } else if (report.kind === "unreadable") {
      this.#isUnreadable(report.order, unpackError(report.error));
    } else if (this.#given[0]?.number === report.task) {
      if (report.kind === "replied") this.#given[0].replied(report.value);
      else this.#first((task) => task.ended(report));
    }
  }

  /** One of those that were posted in an order is to blame, if it was one of them; they are posted again, each alone. */
  #isUnreadable(order: number, error: unknown): void {
    const blamed = this.#given.filter((task) => task.orderNumber === order);
    // It has read all that has been posted before.
    this.#postedCount = 0;
    const back = this.takeBack();
    this.#tell({ kind: "go on" }, []);
    const [only] = blamed;
    for (const task of blamed) task.goesAlone = true;
    const isFound = blamed.length === 1 && only !== undefined && back.includes(only);
    this.#owner.gaveBack(isFound ? back.filter((task) => task !== only) : back);
    if (isFound) only.failed(error);
    if (this.#given.length === 0) this.#becameIdle();
  }

  /** The first task has ended. Who is told may send another at once, so first the thread has room for it. */
  #first(tell: (task: ThreadTask) => void): void {
    const task = this.#given.shift();
    if (task === undefined) return;
    this.hasBegun = true;
    this.#postedCount = this.#claims.countBehind(task.sequence);
    task.thread = undefined;
    if (this.#given.length === 0) {
      this.#becameIdle();
    } else {
      this.#lookAtFirst();
      if (!this.isEnding) this.#owner.hasRoom(this);
    }
    tell(task);
  }

  #becameIdle(): void {
    if (!this.isEnding) this.#owner.becameIdle(this);
  }

  /** It could not be posted. */
  #drop(task: ThreadTask, error: unknown): void {
    const at = this.#given.indexOf(task);
    if (at < 0) return;
    this.#given.splice(at, 1);
    task.thread = undefined;
    if (this.#given.length === 0) this.#becameIdle();
    task.failed(error);
  }

  #lookAtFirst(): void {
    const [task] = this.#given;
    if (task === undefined || task.sequence === NOT_POSTED) return;
    task.isNext(this.#loaded.has(this.#numberOf(task)));
  }

  #hasLoaded({ listener, destinationName }: ThreadTask): boolean {
    const number = this.#listeners.get(listener)?.get(destinationName);
    return number !== undefined && this.#loaded.has(number);
  }

  #exited(code: number): void {
    const wasEnded = this.isEnding;
    this.isEnding = true;
    this.#inbox.catchUp();
    this.#inbox.close();
    this.#postedCount = 0;
    let left = this.takeBack();
    const begun = this.#given.splice(0);
    if (begun.length > 0) this.hasBegun = true;
    this.#flushed?.();
    // One that fails before it is up, or as it loads, would fail for ever: it takes one of them along.
    const [next] = left;
    if (begun.length === 0 && !wasEnded && next !== undefined && !this.#hasLoaded(next)) {
      begun.push(next);
      left = left.slice(1);
    }
    const error = this.#error?.error;
    this.#owner.exited(this, left, begun.length === 0 ? error : undefined);
    for (const task of begun) {
      task.thread = undefined;
      task.lost(wasEnded && this.#error === undefined ? undefined : code, error);
    }
  }
}
