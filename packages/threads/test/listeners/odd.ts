import type { Message, MessageListenerContext } from "busline";

/** So many objects, one in another. */
export function deep(levels: number): object {
  let value: object = {};
  for (let left = levels; left > 0; left -= 1) value = { value };
  return value;
}

/** Returns what only a thread with a large stack can write. */
export function returnsDeep({ payload }: Message<number>): unknown {
  return payload === 0 ? "fine" : deep(payload);
}

/** Takes the clock away that its thread measures with. */
export function stopsTheClock(): string {
  performance.now = () => Number.NaN;
  return "done";
}

export function length({ payload }: Message<{ readonly bytes: Uint8Array }>): number {
  return payload.bytes.byteLength;
}

export function wasAborted(_: Message, context: MessageListenerContext): boolean {
  return context.signal.aborted;
}

export function exits(): never {
  process.exit(3);
}

/** Prints more than can be brought out at once. */
export function prints({ payload }: Message<number>): void {
  for (let left = 10; left > 0; left -= 1) console.log(payload);
}

let replyLate: (() => void) | undefined;

/** Replies to the first message when it has got the second. */
export function repliesLate(_: Message, context: MessageListenerContext): string | undefined {
  if (replyLate === undefined) {
    replyLate = () => context.reply("late");
    return undefined;
  }
  replyLate();
  return "replied";
}
