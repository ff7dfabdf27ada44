/** What a thread is to work on. */
export interface ThreadPayload {
  /** How many steps of a loop. */
  readonly steps: number;
  /** What travels with it, to be copied or moved. */
  readonly freight: readonly string[] | Uint8Array<ArrayBuffer>;
}

/** Where the functions below are loaded from by a thread. */
export const modulePath: string = import.meta.filename;

/** Keeps a processor busy. @returns something to be counted */
export default function work({ steps, freight }: ThreadPayload): number {
  let state = 1;
  for (let step = 0; step < steps; step += 1) state = (Math.imul(state, 1_664_525) + 1) | 0;
  return state === 0.5 ? 0 : freight.length;
}

/** The same for busline, which hands over a message. */
export function workOnMessage(message: { readonly payload: ThreadPayload }): number {
  // On Node.js 24 a loop is several times slower in a caller that has taken it in.
  return Reflect.apply(work, undefined, [message.payload]);
}
