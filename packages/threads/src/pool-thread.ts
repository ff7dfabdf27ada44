import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Transferable,
  Worker,
} from "node:worker_threads";
import type { Clock } from "busline";
import { packError, unpackError } from "./carried-error.ts";
import { Claims } from "./claims.ts";
import type { DeliverOrder, Order, Report } from "./crossing.ts";
import type { ListenerOfModule } from "./module-listener.ts";
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
  ended(thread: PoolThread, left: readonly ThreadTask[], error: unknown): void;
}

interface Given {
  readonly task: ThreadTask;
  readonly number: number;
  sequence: number;
}

/** So many reports are read at once, before others have their turn. */
const MOST_REPORTS = 128;
let lastNumber = 0;

/** One thread, and the tasks that it has been given: it works on the first of them, the others wait in its port. */
export class PoolThread {
  readonly settings: ThreadSettings;
  /** Since when it has had nothing to do, by its pool's clock. */
  idleSince = 0;
  isUp = false;
  isEnding = false;
  readonly #owner: PoolThreadOwner;
  readonly #clock: Clock;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #claims = new Claims();
  /** The numbers of listeners that it has been told of, and which of them it has loaded. */
  readonly #listeners = new Map<ListenerOfModule, number>();
  readonly #loaded = new Set<number>();
  #given: Given[] = [];
  /** Those of them that have still to be posted. */
  #outgoing: Given[] = [];
  #error: { readonly error: unknown } | undefined;
  readonly #gone: Promise<void>;

  constructor(settings: ThreadSettings, owner: PoolThreadOwner, clock: Clock) {
    this.settings = settings;
    this.#owner = owner;
    this.#clock = clock;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = new Worker(settings.program, {
      ...settings.options,
      workerData: { claims: this.#claims.buffer, port: port2 },
      transferList: [port2],
    });
    this.#worker.unref();
    port1.on("message", (report: Report) => this.#told(report));
    port1.on("messageerror", (error) => {
      // A result that cannot be read here: all that is known is that it is the first one's.
      this.#first((task) => task.failed(error));
    });
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
    if (this.#given.length === 0) this.#port.ref();
    lastNumber += 1;
    const given = { task, number: lastNumber, sequence: -1 };
    task.thread = this;
    this.#given.push(given);
    if (this.#outgoing.push(given) === 1) this.#clock.atEndOfRun(this.#post);
  }

  /** Takes back what it has not begun with. */
  takeBack(): ThreadTask[] {
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
    if (this.#given.length === 0) this.#port.unref();
    return back;
  }

  /** Aborts the signal of a task that it has begun with. */
  abort(task: ThreadTask, reason: unknown): void {
    const given = this.#given.find((one) => one.task === task);
    if (given === undefined) return;
    this.#tell({ kind: "abort", task: given.number, reason: packError(reason) }, []);
  }

  /** Ends it, with what it has in hand. @returns resolves when it is gone */
  async end(): Promise<void> {
    this.isEnding = true;
    await this.#worker.terminate();
    await this.#gone;
  }

  readonly #post = (): void => {
    const orders: DeliverOrder[] = [];
    const transfers: Transferable[] = [];
    const posted = this.#outgoing.splice(0);
    for (const given of posted) {
      try {
        const { order, transfer } = given.task.order();
        given.sequence = this.#claims.add();
        orders.push([given.sequence, given.number, this.#numberOf(given.task), ...order]);
        transfers.push(...transfer);
      } catch (error) {
        this.#drop(given, error);
      }
    }
    if (orders.length === 0) return;
    try {
      this.#tell({ kind: "deliver", orders }, transfers);
    } catch (error) {
      if (orders.length === 1) this.#drop(posted.at(-1) as Given, error);
      else for (const order of orders) this.#postAlone(order);
    }
    this.#lookAtFirst();
  };

  /** Of several, one cannot be copied. */
  #postAlone(order: DeliverOrder): void {
    try {
      this.#tell({ kind: "deliver", orders: [order] }, []);
    } catch (error) {
      const given = this.#given.find(({ number }) => number === order[1]);
      if (given !== undefined) this.#drop(given, error);
    }
  }

  #tell(order: Order, transfer: readonly Transferable[]): void {
    this.#port.postMessage(order, transfer);
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

  /** Reads all reports that have come: an event for each takes longer than the rest. */
  #told(first: Report): void {
    let report: Report | undefined = first;
    for (let left = MOST_REPORTS; report !== undefined && left > 0; left -= 1) {
      this.#read(report);
      report = this.#nextReport();
    }
    if (report !== undefined) this.#read(report);
  }

  #nextReport(): Report | undefined {
    return receiveMessageOnPort(this.#port)?.message;
  }

  #read(report: Report): void {
    if (report.kind === "up") {
      this.isUp = true;
      if (this.#given.length === 0 && !this.isEnding) this.#owner.becameIdle(this);
    } else if (report.kind === "loaded") {
      this.#loaded.add(report.listener);
      this.#lookAtFirst();
    } else if (report.kind === "unreadable") {
      // All that was posted together is lost there. One of them is to blame, and they must not be so for ever.
      const [first, ...others] = this.takeBack();
      this.#owner.gaveBack(others);
      first?.failed(unpackError(report.error));
      if (this.#given.length === 0) this.#becameIdle();
    } else if (this.#given[0]?.number === report.task) {
      if (report.kind === "replied") this.#given[0].task.replied(report.value);
      else this.#first((task) => task.ended(report));
    }
  }

  /** The first task has ended. Who is told may send another at once, so first the thread has room for it. */
  #first(tell: (task: ThreadTask) => void): void {
    const given = this.#given.shift();
    if (given === undefined) return;
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
    this.#port.unref();
    if (!this.isEnding) this.#owner.becameIdle(this);
  }

  /** It could not be posted. */
  #drop(given: Given, error: unknown): void {
    this.#given.splice(this.#given.indexOf(given), 1);
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
    for (let report = this.#nextReport(); report !== undefined; report = this.#nextReport())
      this.#read(report);
    this.#port.close();
    let left = this.takeBack();
    const begun = this.#given.splice(0).map(({ task }) => task);
    // One that fails before it is up would fail for ever: it takes one of them along.
    if (begun.length === 0 && !this.isUp && !wasEnded && left.length > 0) {
      begun.push(left[0] as ThreadTask);
      left = left.slice(1);
    }
    const error = this.#error?.error;
    this.#owner.ended(this, left, begun.length === 0 ? error : undefined);
    for (const task of begun) {
      task.thread = undefined;
      task.lost(wasEnded && this.#error === undefined ? undefined : code, error);
    }
  }
}
