import { describe, expect, test } from "vitest";
import type { ChildEvent, QuietCounts } from "./child-event.ts";
import { Duplicates } from "./duplicates.ts";
import { faultsOfDelivery } from "./equations.ts";
import { Ledger, type Life } from "./ledger.ts";
import { faultsOfOrder } from "./order-check.ts";
import { RigMessage } from "./rig-message.ts";

const SEED = 1;

/** Books in which a test writes what it likes. */
class TestBooks {
  readonly ledger = new Ledger(SEED);
  life: Life = this.ledger.begin();

  tell(event: ChildEvent): void {
    this.ledger.take(event, this.life);
  }

  send(...messages: string[]): void {
    this.tell({ is: "sent", messages });
    for (const message of messages) this.tell({ is: "accepted", message });
  }

  begin(message: string, attempt = 1, listener = "a"): void {
    const { hash } = new RigMessage(message, SEED);
    this.tell({ is: "started", message, listener, attempt, hash });
  }

  deliver(message: string, attempt = 1, listener = "a"): void {
    this.begin(message, attempt, listener);
    this.tell({ is: "done", message, listener });
  }

  /** The next life begins. */
  end(how: "killed" | "closed"): void {
    this.life.isKilled = how === "killed";
    this.life = this.ledger.begin();
  }

  quiet(changes: Partial<QuietCounts> = {}): void {
    const none = { sent: 0, recovered: 0, delivered: 0, deadLettered: 0, pending: 0, active: 0 };
    const counts = [{ destination: "serial", ...none, ...changes }];
    this.tell({ is: "quiet", counts, letters: [] });
  }

  get faults(): string[] {
    const { ledger } = this;
    return [
      ...ledger.faults,
      ...faultsOfDelivery(ledger),
      ...new Duplicates(ledger).faults,
      ...faultsOfOrder(ledger),
    ];
  }
}

/** Messages of one producer that are not put off; with one key, where there are keys. */
function someOf(destination: string, count: number): string[] {
  const names: string[] = [];
  let key: string | undefined;
  for (let number = 1; names.length < count; number += 1) {
    const message = new RigMessage(`${destination}/0/${number}`, SEED);
    key ??= message.key;
    if (message.delayMs === undefined && message.key === key) names.push(message.name);
  }
  return names;
}

const [one = "", two = "", three = "", four = ""] = someOf("serial", 4);

describe("ledger", () => {
  test("ledger - has no complaint about what is as it must be", () => {
    const books = new TestBooks();
    books.send(one, two);
    books.begin(one);
    books.tell({ is: "failed", message: one, listener: "a" });
    books.deliver(one, 2);
    books.deliver(two);
    books.send(three);
    books.begin(three);
    books.end("killed");
    // What was done last is done again, and then it goes on.
    books.deliver(two, 2);
    books.deliver(three, 2);
    books.quiet({ sent: 2, recovered: 2, delivered: 2 });
    expect(books.faults).toEqual([]);
    expect(new Duplicates(books.ledger).total).toBe(1);
  });

  test("ledger - finds a send that was never answered, where nobody was killed", () => {
    const books = new TestBooks();
    books.tell({ is: "sent", messages: [one] });
    expect(books.faults).toEqual([expect.stringMatching(/^E1: life 1: 1 sends, 0 answers/u)]);
  });

  test("ledger - finds what was accepted, or begun, and is lost for one of its listeners", () => {
    const books = new TestBooks();
    const [both = ""] = someOf("parallel", 1);
    books.send(both);
    books.deliver(both, 1, "a");
    books.tell({ is: "sent", messages: [one] });
    books.begin(one);
    books.end("killed");
    expect(books.faults).toEqual([
      expect.stringMatching(/^E2: parallel.* accepted, and lost for b \(never begun\)/u),
      expect.stringMatching(/^E2: serial.* begun, and lost for a/u),
    ]);
  });

  test("ledger - finds what was rejected and delivered, never sent, or altered", () => {
    const books = new TestBooks();
    books.tell({ is: "sent", messages: [one] });
    books.tell({ is: "rejected", message: one, code: "BUSLINE_CLOSED" });
    books.deliver(one);
    books.deliver(two);
    books.send(three);
    books.tell({ is: "started", message: three, listener: "a", attempt: 1, hash: "another" });
    books.tell({ is: "done", message: three, listener: "a" });
    expect(books.faults).toEqual([
      expect.stringMatching(/^E4: .*was never sent/u),
      expect.stringMatching(/^E5: .*another, not /u),
      expect.stringMatching(/^E3: .*was rejected, and delivered/u),
    ]);
  });

  test("ledger - finds attempts that do not go up, and more of them than there may be", () => {
    const books = new TestBooks();
    books.send(one);
    books.begin(one);
    books.end("killed");
    books.begin(one);
    books.end("killed");
    books.deliver(one, 6);
    expect(books.faults).toEqual([
      expect.stringMatching(/^attempts: .*attempt 1 after 1/u),
      expect.stringMatching(/^attempts: .*: 6$/u),
    ]);
  });

  test("ledger - finds what is done again in the same life, after a gentle end, or too often after a kill", () => {
    const books = new TestBooks();
    books.send(one, two, three, four);
    books.deliver(one);
    books.deliver(one, 2);
    books.end("closed");
    books.deliver(one, 3);
    for (const message of [two, three, four]) books.deliver(message);
    books.end("killed");
    for (const message of [two, three, four]) books.deliver(message, 2);
    expect(books.faults).toEqual([
      expect.stringMatching(/^E6: .*once more in the same life/u),
      `E6: life 2: ${two} was undone, though 2 began after it`,
      "E6: life 1, closed, undid 2 at serial: more than 0",
      "E6: life 2, killed, undid 3 at serial: more than 2",
    ]);
  });

  test.each(["serial", "keyed"])(
    "ledger - finds what comes out of order, or is left out, at a %s one",
    (type) => {
      const [first = "", second = "", third = "", fourth = ""] = someOf(type, 4);
      const books = new TestBooks();
      books.send(first, second, third, fourth);
      books.deliver(second);
      books.deliver(first);
      books.deliver(fourth);
      books.end("killed");
      books.deliver(third);
      const faults = books.faults.filter((fault) => fault.startsWith("E7"));
      // By all who send, and by the one who has sent.
      expect(new Set(faults.map((fault) => fault.replace(/^.*life/u, "life")))).toEqual(
        new Set([
          `life 1: ${second}: before ${first}`,
          `life 1: ${first}: after ${second}`,
          // The first of those that are left out.
          `life 1: ${fourth}: before ${second}`,
        ]),
      );
    },
  );

  test("ledger - finds a life that begins too late in the order", () => {
    const books = new TestBooks();
    books.send(one, two, three);
    books.deliver(one);
    books.end("killed");
    books.deliver(three);
    books.deliver(two);
    expect(books.faults.filter((fault) => fault.includes("life 2"))).toContainEqual(
      `E7: serial, life 2: ${three}: before ${two}`,
    );
  });

  test("ledger - finds statistics that are not what was done", () => {
    const books = new TestBooks();
    books.send(one);
    books.deliver(one);
    books.quiet({ sent: 2, recovered: 2, delivered: 2 });
    expect(books.faults).toEqual([expect.stringMatching(/^E8: 1 done, and /u)]);
    books.quiet({ sent: 2, recovered: 1, delivered: 1, pending: 1 });
    expect(books.faults).toEqual([expect.stringMatching(/^E8: \{/u)]);
  });
});
