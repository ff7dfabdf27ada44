import type { Send, Wiring } from "./wiring.ts";

/** How often a listener of the program is called for each order. */
export const DELIVERIES_AN_ORDER = 14;

/**
 * What becomes of an order in a shop, over ten destinations of all types: it is checked, priced by a question, charged,
 * reserved, mailed, indexed and written down. Made from the end to the beginning, as each knows who comes next.
 *
 * @param seen is told of each order by every listener
 * @returns what takes an order in
 */
export function orderProgram(wiring: Wiring, seen: (order: number) => void): Send {
  const searchIndex = wiring.parallel("acme/search-index", (order) => seen(order));
  const audit = wiring.serial("acme/audit", (order) => seen(order));
  const outgoingMail = wiring.parallelLater("acme/outgoing-mail", async (order) => {
    seen(order);
  });
  const stockChanged = wiring.synchronous("acme/stock-changed", [
    (order) => {
      seen(order);
      searchIndex(order);
    },
    (order) => seen(order),
  ]);
  const reserve = wiring.serial("acme/reserve", (order) => {
    seen(order);
    stockChanged(order);
  });
  const charge = wiring.serialLater("acme/charge", async (order) => {
    seen(order);
    outgoingMail(order);
  });
  const priced = wiring.synchronous("acme/priced", [
    (order) => {
      seen(order);
      audit(order);
    },
    (order) => seen(order),
    (order) => seen(order),
  ]);
  const quote = wiring.answering("acme/quote", async (order) => {
    seen(order);
    return order;
  });
  const placed = wiring.parallelLater("acme/placed", async (order) => {
    seen(order);
    const price = await quote(order);
    charge(price);
    reserve(price);
    priced(price);
  });
  return wiring.synchronous("acme/received", [
    (order) => seen(order),
    (order) => {
      seen(order);
      placed(order);
    },
  ]);
}
