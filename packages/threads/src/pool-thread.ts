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
  /** It is no more. @param left tasks that it has not begun with */
  exited(thread: PoolThread, left: readonly ThreadTask[], error: unknown): void;
}

interface Given {
  readonly task: ThreadTask;
  readonly number: number;
  sequence: number;
  /** The number of the order that it was posted in. */
  order: number;
}

/** What has been taken back still lies in the port, and its numbers must not come round again before it is passed over. */
const MOST_POSTED = 30_000;
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
  /** The numbers of listeners that it has been told of, and which of them it has loaded. */
  readonly #listeners = new Map<ListenerOfModule, number>();
  readonly #loaded = new Set<number>();
  #given: Given[] = [];
  /** Those of them that have still to be posted. */
  #outgoing: Given[] = [];
  #orderCount = 0;
  /** How many tasks have been posted since it last had none. */
  #postedCount = 0;
  #error: { readonly error: unknown } | undefined;
  readonly #gone: Promise<void>;

  constructor(settings: ThreadSettings, owner: PoolThreadOwner, clock: Clock) {
    this.settings = settings;
    this.#owner = owner;
    this.#clock = clock;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#inbox = new ReportInbox(port1, clock, (report) => this.#read(report));
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
    const given = { task, number: lastNumber, sequence: -1, order: -1 };
    task.thread = this;
    this.#given.push(given);
    if (this.#outgoing.push(given) === 1) this.#clock.atEndOfRun(this.#post);
  }

  /** Takes back what it has not begun with. */
  takeBack(): ThreadTask[] {
    if (this.#postedCount > MOST_POSTED) return [];
    const isBack = this.#claims.takeBack();
    const outgoing = new Set(this.#outgoing.splice(0));
    const back: ThreadTask[] = [];
    this.#given = this.#given.filter((given) => {
      if (!outgoing.has(given) && !isBack(given.sequence)) return true;
      given.task.thread = undefined;
      given.task.takenBack();
      back.push(given.task);
      return false;
    });
    return back;
  }

  /** Aborts the signal of a task that it has been given. */
  abort(task: ThreadTask): void {
    const given = this.#given.find((one) => one.task === task);
    // What is still to be posted says so itself.
    if (given !== undefined && given.sequence >= 0) this.#tellAbort(given);
  }

  /** Reads what it has told, whether or not the event loop has come to it. */
  catchUp(): void {
    this.#inbox.catchUp();
  }

  /** Ends it, with what it has in hand. @returns resolves when it is gone */
  async end(): Promise<void> {
    this.isEnding = true;
    await this.#worker.terminate();
    await this.#gone;
  }

  readonly #post = (): void => {
    let together: Given[] = [];
    for (const given of this.#outgoing.splice(0)) {
      if (!given.task.goesAlone) together.push(given);
      else {
        this.#postAll(together);
        this.#postAll([given]);
        together = [];
      }
    }
    this.#postAll(together);
    this.#lookAtFirst();
    if (this.#hasMany()) this.#inbox.lookWhile(this.#hasMany);
  };

  readonly #hasMany = (): boolean => this.#given.length > 1;

  #postAll(all: readonly Given[]): void {
    const posted: Given[] = [];
    const orders: DeliverOrder[] = [];
    const transfers: Transferable[] = [];
    for (const given of all) {
      try {
        const { order, transfer } = given.task.order();
        const listener = this.#numberOf(given.task);
        given.sequence = this.#claims.add();
        orders.push([given.sequence, given.number, listener, ...order]);
        transfers.push(...transfer);
        posted.push(given);
      } catch (error) {
        this.#drop(given, error);
      }
    }
    if (posted.length === 0) return;
    // A listener begins as soon as its message is there.
    for (const given of posted) if (given.task.abort !== undefined) this.#tellAbort(given);
    try {
      this.#tell({ kind: "deliver", orders }, transfers);
    } catch (error) {
      // Of several, one cannot be copied: which one?
      const [given] = posted;
      if (posted.length === 1 && given !== undefined) this.#drop(given, error);
      else for (const one of posted) this.#postAll([one]);
      return;
    }
    this.#postedCount += posted.length;
    for (const given of posted) {
      given.order = this.#orderCount;
      given.task.posted();
    }
  }

  #tellAbort({ number, task }: Given): void {
    this.#tell({ kind: "abort", task: number, reason: packError(task.abort?.reason) }, []);
  }

  #tell(order: Order, transfer: readonly Transferable[]): void {
    this.#port.postMessage(order, transfer);
    this.#orderCount += 1;
  }

  #numberOf({ listener }: ThreadTask): number {
    let number = this.#listeners.get(listener);
    if (number === undefined) {
      const { url, exportName } = listener;
      number = this.#listeners.size;
      this.#listeners.set(listener, number);
      this.#tell({ kind: "listener", number, url, exportName }, []);
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
    } else if (report.kind === "unreadable") {
      this.#isUnreadable(report.order, unpackError(report.error));
    } else if (this.#given[0]?.number === report.task) {
      if (report.kind === "replied") this.#given[0].task.replied(report.value);
      else this.#first((task) => task.ended(report));
    }
  }

  /** One of those that were posted in an order is to blame, if it was one of them; they are posted again, each alone. */
  #isUnreadable(order: number, error: unknown): void {
    const blamed = this.#given.filter((given) => given.order === order).map(({ task }) => task);
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
    const given = this.#given.shift();
    if (given === undefined) return;
    this.hasBegun = true;
    given.task.thread = undefined;
    if (this.#given.length === 0) {
      this.#becameIdle();
    } else {
      this.#lookAtFirst();
      if (!this.isEnding) this.#owner.hasRoom(this);
    }
    tell(given.task);
  }

  #becameIdle(): void {
    this.#postedCount = 0;
    if (!this.isEnding) this.#owner.becameIdle(this);
  }

  /** It could not be posted. */
  #drop(given: Given, error: unknown): void {
    const at = this.#given.indexOf(given);
    if (at < 0) return;
    this.#given.splice(at, 1);
    given.task.thread = undefined;
    if (this.#given.length === 0) this.#becameIdle();
    given.task.failed(error);
  }

  #lookAtFirst(): void {
    const [given] = this.#given;
    if (given === undefined || given.sequence < 0) return;
    given.task.isNext(this.#loaded.has(this.#numberOf(given.task)));
  }

  #exited(code: number): void {
    const wasEnded = this.isEnding;
    this.isEnding = true;
    this.#inbox.catchUp();
    this.#inbox.close();
    this.#postedCount = 0;
    let left = this.takeBack();
    const begun = this.#given.splice(0).map(({ task }) => task);
    if (begun.length > 0) this.hasBegun = true;
    // One that fails before it is up would fail for ever: it takes one of them along.
    if (begun.length === 0 && !this.isUp && !wasEnded && left.length > 0) {
      begun.push(left[0] as ThreadTask);
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
