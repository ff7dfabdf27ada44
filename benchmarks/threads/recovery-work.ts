/** What a thread is to do. */
export type RecoveryPayload =
  | { readonly kind: "die" }
  /** Waits until so many threads have come. */
  | { readonly kind: "meet"; readonly place: SharedArrayBuffer; readonly count: number };

/** Where the functions below are loaded from by a thread. */
export const recoveryModulePath: string = import.meta.filename;

/** Ends its thread, or waits for others to be there at the same time. */
export default function recover(payload: RecoveryPayload): number {
  if (payload.kind === "die") process.exit(1);
  const come = new Int32Array(payload.place);
  Atomics.add(come, 0, 1);
  Atomics.notify(come, 0);
  for (let count = Atomics.load(come, 0); count < payload.count; count = Atomics.load(come, 0)) {
    Atomics.wait(come, 0, count);
  }
  return 1;
}

/** The same for busline, which hands over a message. */
export function recoverOnMessage({ payload }: { readonly payload: RecoveryPayload }): number {
  return recover(payload);
}
