import { crc32 } from "node:zlib";
import type { Headers, SendOptions } from "busline";
import { Dice } from "../dice.ts";

/** What is sent. */
export interface RigPayload {
  readonly message: string;
  readonly body: string;
  readonly hash: string;
}

const KEYS = 8;
const PIECES = ["busline ", "żółw ", "\u0000\n", "😀", '"\\', "0123456789abcdef"];

/**
 * A message of the kill rig. Everything about it follows from its name and the seed of the run, so that the parent knows by
 * itself what each must be, and a later child can send it again.
 */
export class RigMessage {
  /** Destination, producer and number. */
  readonly name: string;
  readonly destination: string;
  readonly producer: string;
  readonly number: number;
  readonly body: string;
  readonly headers: Headers;
  readonly key: string | undefined;
  readonly delayMs: number | undefined;
  readonly hasOwnId: boolean;

  constructor(name: string, seed: number) {
    const [destination = "", producer = "", number = ""] = name.split("/");
    const dice = new Dice(chanceOf(`${seed}/${name}`));
    this.name = name;
    this.destination = destination;
    this.producer = producer;
    this.number = Number(number);
    const size = dice.below(100) === 0 ? 2_000 : dice.below(30);
    this.body = (PIECES[dice.below(PIECES.length)] as string).repeat(size);
    this.headers = dice.below(4) === 0 ? { "rig-size": String(size), "rig-name": name } : {};
    this.key = destination === "keyed" ? `key-${dice.below(KEYS)}` : undefined;
    this.delayMs = dice.below(10) === 0 ? 1 + dice.below(50) : undefined;
    this.hasOwnId = dice.below(5) === 0;
  }

  get hash(): string {
    return hashOf(this.name, this.body, this.headers);
  }

  get payload(): RigPayload {
    const { body, hash, name } = this;
    return { message: name, body, hash };
  }

  get sendOptions(): SendOptions {
    const { delayMs, hasOwnId, headers, key, name } = this;
    return {
      headers,
      ...(key === undefined ? {} : { key }),
      ...(delayMs === undefined ? {} : { delayMs }),
      ...(hasOwnId ? { id: name } : {}),
    };
  }
}

/** What tells whether a message is what it was. */
export function hashOf(name: string, body: string, headers: Headers): string {
  const sorted = Object.entries(headers).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const text = JSON.stringify([name, body, sorted]);
  return chanceOf(text).toString(36);
}

/** A number below 2^32 that looks like chance, and is the same each time. */
export function chanceOf(text: string): number {
  return crc32(text);
}
