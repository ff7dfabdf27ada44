import { describe, expect, test } from "vitest";
import {
  type Destination,
  DestinationConfiguration,
  FifoQueue,
  type Message,
  type MessageBus,
  type MessageQueue,
} from "busline";
import { GateListener, Recorder, untilQuiet } from "busline/testing";
import { NAME, numbersTo, Processes, sendAll } from "./durable-fixture.ts";
import { ledgerOf } from "./ledger.ts";
import { outcomeOf, turns } from "./outcome-of.ts";

/** Last in, first out. */
class Stack implements MessageQueue {
  #messages: Message[] = [];

  get size(): number {
    return this.#messages.length;
  }

  add(message: Message): void {
    this.#messages.push(message);
  }

  take(): Message | undefined {
    return this.#messages.pop();
  }

  oldest(): Message | undefined {
    return this.#messages[0];
  }

  remove(message: Message): void {
    this.#messages = this.#messages.filter((other) => other !== message);
  }

  removeAll(): Message[] {
    const all = this.#messages;
    this.#messages = [];
    return all;
  }
}

function start(
  processes: Processes,
  createQueue: () => MessageQueue,
): { readonly bus: MessageBus; readonly destination: Destination<number> } {
  const bus = processes.start({
    destinationTypes: { own: () => ({ workerPer: "message", createQueue }) },
  });
  const attributes = { durable: true, workersMaxSize: 1 };
  const destination = bus.addDestination<number>(
    new DestinationConfiguration("own", NAME, attributes),
  );
  return { bus, destination };
}

describe("durable - types of one's own", () => {
  test("durable - a queue of one's own has its order, also after a restart", async () => {
    const processes = new Processes();
    const first = start(processes, () => new Stack());
    first.destination.pause();
    await sendAll(first.destination, numbersTo(3));
    processes.kill();
    const second = start(processes, () => new Stack());
    second.destination.pause();
    const recorder = new Recorder<number>();
    second.destination.listen(recorder, { name: "recorder" });
    await sendAll(second.destination, [3, 4]);
    await turns();
    second.destination.resume();
    expect(await recorder.count(5)).toEqual([4, 3, 2, 1, 0]);
    await untilQuiet(second.bus);
    expect(ledgerOf(second.destination)).toEqual({ sent: 5, delivered: 5 });
  });

  test("durable - a queue of one's own that throws: the message stays in the store, the others come", async () => {
    const processes = new Processes();
    class Choosy extends FifoQueue {
      override add(message: Message): void {
        if (message.payload === 1) throw new Error("not this one");
        super.add(message);
      }
    }
    const first = start(processes, () => new Choosy());
    const recorder = new Recorder<number>();
    first.destination.listen(recorder, { name: "a" });
    const outcomes = numbersTo(3).map((number) => outcomeOf(() => first.destination.send(number)));
    expect(await Promise.all(outcomes)).toEqual(["accepted", "accepted", "accepted"]);
    expect(await recorder.count(2)).toEqual([0, 2]);
    await turns();
    expect(ledgerOf(first.destination)).toEqual({ sent: 3, delivered: 2, pending: 1 });
    expect(processes.told).toEqual([
      `The queue of "${NAME}" has failed to take a message in: it stays in the store`,
    ]);
    await first.destination.send(3);
    expect(await recorder.count(3)).toEqual([0, 2, 3]);
    processes.kill();
    const again = new Recorder<number>();
    const second = start(processes, () => new FifoQueue());
    second.destination.listen(again, { name: "a" });
    expect(await again.count(1)).toEqual([1]);
    await untilQuiet(second.bus);
    expect(ledgerOf(second.destination)).toEqual({ sent: 1, delivered: 1 });
  });

  test("setWorkersSize - more of them have more attempts written down", async () => {
    const processes = new Processes();
    const gate = new GateListener<number>();
    const { bus, destination } = processes.boot<number>(
      "parallel",
      { gate },
      { workersMaxSize: 2 },
    );
    await sendAll(destination, numbersTo(6));
    await gate.entered(2);
    await turns();
    expect(gate.held).toHaveLength(2);
    destination.setWorkersSize(2, 4);
    await gate.entered(4);
    await turns();
    expect(gate.held).toHaveLength(4);
    destination.setWorkersSize(1, 1);
    for (const _ of numbersTo(3)) gate.release();
    await turns();
    expect(gate.held).toHaveLength(1);
    gate.open();
    await untilQuiet(bus);
    expect(ledgerOf(destination)).toEqual({ sent: 6, delivered: 6 });
  });
});
