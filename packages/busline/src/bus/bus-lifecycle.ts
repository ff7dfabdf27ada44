import {
  type CloseReport,
  dropKept,
  dropLate,
  endAll,
  reportOf,
} from "../destination/close-report.ts";
import type { DestinationCore } from "../destination/destination-core.ts";
import { RejectedExecutionError } from "../errors/rejected-execution-error.ts";
import { followNobody } from "../worker/running-worker.ts";
import type { BusCore } from "./bus-core.ts";

/** How a bus, or one of its destinations, ends: finish what was accepted, up to a deadline; then drop and interrupt. */
export class BusLifecycle {
  readonly #bus: BusCore;
  readonly #removals = new Map<DestinationCore, Promise<CloseReport>>();
  #draining: Promise<void> | undefined;
  #closing: Promise<CloseReport> | undefined;

  constructor(bus: BusCore) {
    this.#bus = bus;
  }

  /** Refuses what is new, finishes what was accepted. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  /** Drains up to the deadline, then drops what waits and interrupts what runs. */
  close(deadlineMs: number): Promise<CloseReport> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  /** Closes one destination in the same way and takes it out of the bus. */
  remove(destination: DestinationCore, deadlineMs: number): Promise<CloseReport> {
    let removal = this.#removals.get(destination);
    if (removal === undefined) {
      removal = this.#remove(destination, deadlineMs);
      this.#removals.set(destination, removal);
    }
    return removal;
  }

  #drain(): Promise<void> {
    const bus = this.#bus;
    bus.stage = "draining";
    for (const destination of bus.destinations) destination.resume();
    return new Promise((resolve) => {
      bus.whenOneIsIdle = () => {
        if (!bus.isIdle) return;
        followNobody();
        resolve();
      };
      bus.whenOneIsIdle();
    });
  }

  async #close(deadlineMs: number): Promise<CloseReport> {
    const bus = this.#bus;
    // What is durable is not lost: it need not be finished now.
    for (const { durable } of bus.destinations) durable?.halt();
    const draining = this.drain();
    // What is put off beyond the deadline is not waited for.
    const late = bus.destinations.map((destination) => dropLate(destination, deadlineMs));
    const isDrained = await this.#within(deadlineMs, draining);
    bus.stage = "closed";
    const left = isDrained
      ? bus.destinations.map((destination) => dropKept(destination))
      : bus.destinations.map((destination) => endAll(destination, closedError(destination)));
    bus.requests.failAll();
    // A store of the user's own may never answer.
    if (bus.store !== undefined) await this.#within(deadlineMs, bus.store.close());
    bus.release();
    followNobody();
    await Promise.all(
      bus.destinations.map(async ({ place }) => {
        await place?.release(!isDrained);
      }),
    );
    return reportOf([...late, ...left]);
  }

  async #remove(destination: DestinationCore, deadlineMs: number): Promise<CloseReport> {
    destination.isClosing = true;
    destination.durable?.halt();
    destination.lookAgain();
    const late = dropLate(destination, deadlineMs);
    const isFinished = await this.#within(deadlineMs, destination.finish());
    // From here on not even its own listeners get anything in: it would be lost.
    destination.isRemoved = true;
    const left = isFinished ? dropKept(destination) : endAll(destination, closedError(destination));
    this.#bus.forget(destination);
    followNobody();
    destination.pool?.workforce.release();
    await destination.place?.release(!isFinished);
    this.#removals.delete(destination);
    return reportOf([late, left]);
  }

  /** Whether something ends in time. The wait keeps the process alive. */
  #within(deadlineMs: number, ending: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#bus.clock.startTimer(deadlineMs, () => resolve(false));
      timer.ref();
      void ending.then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }
}

function closedError(destination: DestinationCore): RejectedExecutionError {
  return new RejectedExecutionError("BUSLINE_CLOSED", destination.name);
}
