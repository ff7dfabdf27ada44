import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Clock } from "busline";
import { CALL, type Report } from "./crossing.ts";
import { EndRing } from "./end-ring.ts";

/** What a listener returned, replied or threw, which can be read there, and not here. */
interface Unreadable {
  readonly kind: "unreadable here";
  readonly error: unknown;
}

export type ReadReport = Report | Unreadable;

/** So many reports are read at once, before others have their turn. */
const MOST_READ = 128;
/** How often it is looked for ends that there was no call for, in milliseconds: the listener after them takes long. */
const LOOK_MS = 5;

/** What a thread tells, over its port and in memory, in the order in which it happened. */
export class ReportInbox {
  readonly ends: EndRing = new EndRing();
  readonly #port: MessagePort;
  readonly #clock: Clock;
  readonly #read: (report: ReadReport) => void;
  /** What has come over the port and has not been read; how many have been. */
  readonly #arrived: ReadReport[] = [];
  #readCount = 0;
  // Threads go on by themselves, also where the bus's clock is one that a test sets.
  #look: NodeJS.Timeout | undefined;
  readonly #isExpected: () => boolean;

  /** @param isExpected whether an end may stand there that is called for only when the listener after it has ended, too */
  constructor(
    port: MessagePort,
    clock: Clock,
    read: (report: ReadReport) => void,
    isExpected: () => boolean,
  ) {
    this.#port = port;
    this.#clock = clock;
    this.#read = read;
    this.#isExpected = isExpected;
    port.on("message", (report: Report | typeof CALL) => this.#told(report));
    port.on("messageerror", (error) => this.#told({ kind: "unreadable here", error }));
  }

  /** Reads what has been told, whether or not the event loop has come to it. */
  catchUp(): void {
    for (let report = this.#next(); report !== undefined; report = this.#next()) this.#read(report);
  }

  /** Looks by itself, as long as something is expected. */
  watch(): void {
    if (this.#look !== undefined || !this.#isExpected()) return;
    this.#look = setTimeout(() => {
      this.#look = undefined;
      this.#readMany();
      this.watch();
    }, LOOK_MS);
    this.#look.unref();
  }

  close(): void {
    clearTimeout(this.#look);
    this.#port.close();
  }

  #told(report: ReadReport | typeof CALL): void {
    if (report !== CALL) this.#arrived.push(report);
    this.ends.answerCall();
    this.#readMany();
  }

  /** An event for each takes longer than the rest. */
  readonly #readMany = (): void => {
    for (let left = MOST_READ; left > 0; left -= 1) {
      const report = this.#next();
      if (report === undefined) return;
      this.#read(report);
    }
    // Nobody calls again for what has been called for.
    this.#clock.atNextTurn(this.#readMany);
  };

  #next(): ReadReport | undefined {
    for (;;) {
      const reportsBefore = this.ends.reportsBeforeNext;
      if (reportsBefore !== undefined && reportsBefore <= this.#readCount) return this.ends.take();
      // The ends have been looked at since it came: of those before it none is left.
      const arrived = this.#arrived.shift();
      if (arrived !== undefined) {
        this.#readCount += 1;
        return arrived;
      }
      if (!this.#receive()) return undefined;
    }
  }

  /** Takes the next out of the port. @returns whether there was one */
  #receive(): boolean {
    try {
      const received: { readonly message: Report | typeof CALL } | undefined = receiveMessageOnPort(
        this.#port,
      );
      if (received === undefined) return false;
      if (received.message === CALL) this.ends.answerCall();
      else this.#arrived.push(received.message);
    } catch (error) {
      this.#arrived.push({ kind: "unreadable here", error });
    }
    return true;
  }
}
