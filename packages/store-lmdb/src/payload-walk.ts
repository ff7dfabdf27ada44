import { types } from "node:util";
import { describePlace, type Place } from "./payload-place.ts";

const MOST_NESTING = 64;
const LONGEST_NAME = 64;
const LONGEST_PATH = 200;

const typedArrays: readonly object[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  Buffer,
].map(({ prototype }) => prototype);
/** What is stored as it is, without a look inside. */
const leaves = new Set<object | null>([
  ...typedArrays,
  Date.prototype,
  RegExp.prototype,
  URL.prototype,
  ArrayBuffer.prototype,
]);
/** Of an error, what is kept beside its name, message and stack. */
const ERROR_PARTS = ["cause", "code", "errors"] as const;

/** Goes once through a payload and finds out whether, and as what, it can be stored. */
export class PayloadWalk {
  /** Plain JSON would not do. */
  isRich = false;
  readonly #mostBytes: number;
  /** The bytes that it takes at least. */
  #size = 0;
  /** Where it is, and what it is inside of. */
  readonly #places: Place[] = [];
  readonly #parents: object[] = [];
  #depth = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** @throws {Error} it cannot be stored; the text says which part, and never what is in it */
  run(payload: unknown): void {
    try {
      this.#visit(payload);
    } catch (error) {
      if (error instanceof Refusal) throw error.at(this.#where);
      // A revoked proxy, or a property that throws when it is read.
      throw new Error(`${this.#where} cannot be read`, { cause: error });
    }
  }

  #visit(value: unknown): void {
    switch (typeof value) {
      case "string":
        this.#grow(value.length);
        return;
      case "number":
        if (!Number.isFinite(value) || Object.is(value, -0)) this.isRich = true;
        this.#grow(1);
        return;
      case "boolean":
        this.#grow(1);
        return;
      case "object":
        this.#grow(1);
        if (value !== null) this.#enter(value);
        return;
      case "undefined":
      case "bigint":
        this.isRich = true;
        this.#grow(1);
        return;
      default:
        throw new Refusal(`is a ${typeof value}`);
    }
  }

  #enter(value: object): void {
    if (this.#depth >= MOST_NESTING) {
      const isCycle = new Set(this.#parents).size < this.#parents.length;
      throw new Refusal(isCycle ? "is inside of itself" : `is nested deeper than ${MOST_NESTING}`);
    }
    this.#parents[this.#depth] = value;
    this.#depth += 1;
    this.#lookInside(value);
    this.#depth -= 1;
    this.#parents.length = this.#depth;
  }

  #lookInside(value: object): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Array.isArray(value)) {
      if (prototype !== Array.prototype) throw instanceOf(value);
      this.#visitItems(value);
    } else if (prototype === Object.prototype || prototype === null) {
      this.#visitProperties(value as Readonly<Record<string, unknown>>);
    } else {
      this.isRich = true;
      this.#visitRich(value, prototype as object);
    }
  }

  #visitItems(items: readonly unknown[]): void {
    refuseToJson(items);
    for (let at = 0; at < items.length; at += 1) {
      const item = items[at];
      this.#places[this.#depth - 1] = at;
      if (item === undefined && !(at in items)) throw new Refusal("is a hole in an array");
      this.#visit(item);
    }
  }

  #visitProperties(value: Readonly<Record<string, unknown>>): void {
    for (const key of Object.keys(value)) {
      this.#places[this.#depth - 1] = key;
      if (key === "__proto__") throw new Refusal("is a name for something else");
      this.#grow(key.length);
      this.#visit(value[key]);
    }
    this.#places.length = this.#depth - 1;
    refuseToJson(value);
    if (Object.getOwnPropertySymbols(value).length > 0) throw new Refusal("has a symbol as a key");
  }

  #visitRich(value: object, prototype: object): void {
    this.#places.length = this.#depth - 1;
    if (leaves.has(prototype)) {
      this.#grow((value as { readonly byteLength?: number }).byteLength ?? 0);
    } else if (types.isNativeError(value) || value instanceof Error) {
      this.#visitError(value as Error & Readonly<Record<string, unknown>>);
    } else if (prototype === Map.prototype) {
      let number = 0;
      for (const [key, one] of value as Map<unknown, unknown>) {
        number += 1;
        this.#visitAt({ text: `entry ${number}, key` }, key);
        this.#visitAt({ text: `entry ${number}, value` }, one);
      }
    } else if (prototype === Set.prototype) {
      let number = 0;
      for (const one of value as Set<unknown>) {
        number += 1;
        this.#visitAt({ text: `item ${number}` }, one);
      }
    } else {
      throw instanceOf(value);
    }
  }

  #visitError(error: Error & Readonly<Record<string, unknown>>): void {
    for (const key of ["name", "message", "stack"] as const) {
      const text: unknown = error[key];
      if (typeof text === "string") this.#grow(text.length);
      else if (key !== "stack") throw new Refusal(`is an error whose ${key} is no text`);
    }
    for (const key of ERROR_PARTS) if (key in error) this.#visitAt(key, error[key]);
  }

  #visitAt(place: Place, value: unknown): void {
    this.#places[this.#depth - 1] = place;
    this.#visit(value);
  }

  #grow(by: number): void {
    this.#size += by;
    if (this.#size <= this.#mostBytes) return;
    this.#places.length = 0;
    throw new Refusal(
      `takes ${this.#size} bytes or more, and ${this.#mostBytes} are the most (maximumMessageBytes)`,
    );
  }

  get #where(): string {
    const where = this.#places.map((place) => describePlace(place)).join("");
    const isLong = where.length > LONGEST_PATH;
    return `payload${isLong ? `…${where.slice(-LONGEST_PATH)}` : where}`;
  }
}

/** What is wrong, which is known before it is known where. */
class Refusal extends Error {
  at(where: string): Error {
    return new Error(`${where} ${this.message}`);
  }
}

/** JSON would take what that says, and not what is there. */
function refuseToJson(value: object): void {
  if (typeof (value as { readonly toJSON?: unknown }).toJSON === "function") {
    throw new Refusal("has a function toJSON");
  }
}

function instanceOf(value: object): Refusal {
  const { name } = Object(value.constructor) as { readonly name?: unknown };
  const isName = typeof name === "string" && /^[\w$]+$/u.test(name);
  return new Refusal(
    isName ? `is an instance of ${name.slice(0, LONGEST_NAME)}` : "is an instance",
  );
}
