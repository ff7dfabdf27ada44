import type { Destination } from "busline";
import { Dice } from "../dice.ts";
import { tell } from "./child-event.ts";
import type { ChildOrder } from "./child-order.ts";
import type { Failpoint } from "./failpoint.ts";
import { PRODUCERS } from "./rig-destinations.ts";
import { RigMessage, type RigPayload } from "./rig-message.ts";

const MOST_AT_ONCE = 16;

/** Those who send to one destination: some one message after another, some several at once. */
export class Producers {
  readonly #order: ChildOrder;
  readonly #destination: Destination<RigPayload>;
  readonly #failpoint: Failpoint;
  readonly #sends = new Set<Promise<boolean>>();
  #hasRoom: (() => void)[] = [];

  constructor(order: ChildOrder, destination: Destination<RigPayload>, failpoint: Failpoint) {
    this.#order = order;
    this.#destination = destination;
    this.#failpoint = failpoint;
  }

  start(): void {
    const again = this.#order.again.map((name) => new RigMessage(name, this.#order.seed));
    void this.#sendAll(again.filter(({ destination }) => destination === this.#destination.name));
    for (let producer = 0; producer < PRODUCERS; producer += 1) void this.#produce(producer);
  }

  /** A message may have left. */
  lookAgain(): void {
    if (this.#hasRoom.length === 0 || this.#isFull) return;
    for (const goOn of this.#hasRoom.splice(0)) goOn();
  }

  /** @returns resolves when everybody has been told what has become of all that was sent; to be called when all is closed */
  async end(): Promise<void> {
    while (this.#sends.size > 0) await Promise.all(this.#sends);
  }

  get #isFull(): boolean {
    return this.#destination.statistics.pendingMessageCount >= this.#order.mostWaiting;
  }

  async #produce(producer: number): Promise<void> {
    const { childSeed, next, seed } = this.#order;
    const { name } = this.#destination;
    const dice = new Dice(childSeed + producer);
    const isBusy = producer % 2 === 1;
    let number = next[`${name}/${producer}`] ?? 1;
    for (;;) {
      const count = isBusy ? 1 + dice.below(MOST_AT_ONCE) : 1;
      const from = number;
      number += count;
      const messages = Array.from({ length: count }, (_, at) => {
        return new RigMessage(`${name}/${producer}/${from + at}`, seed);
      });
      const areAccepted = await this.#sendAll(messages);
      // It is being closed, or was not opened.
      if (areAccepted.includes(false)) return;
      while (this.#isFull) {
        await new Promise<void>((resolve) => {
          this.#hasRoom.push(resolve);
        });
      }
    }
  }

  /** @returns whether they were accepted */
  #sendAll(messages: readonly RigMessage[]): Promise<boolean[]> {
    if (messages.length > 0) tell({ is: "sent", messages: messages.map(({ name }) => name) });
    return Promise.all(messages.map((message) => this.#send(message)));
  }

  #send(message: RigMessage): Promise<boolean> {
    const sending = this.#tellOf(message).finally(() => this.#sends.delete(sending));
    this.#sends.add(sending);
    return sending;
  }

  async #tellOf(message: RigMessage): Promise<boolean> {
    const { name } = message;
    try {
      await this.#destination.send(message.payload, message.sendOptions);
      tell({ is: "accepted", message: name });
    } catch (error) {
      const { code } = error as { readonly code?: string };
      tell({ is: "rejected", message: name, code });
      return false;
    }
    this.#failpoint.pass("an acknowledgement was told");
    return true;
  }
}
