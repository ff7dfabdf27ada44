/** What is kept of a durable message while it is in memory: where it lies in the store, and what has become of it. */
export class DurableRecord {
  /** The payload as it is stored, until it is. */
  payload: Uint8Array | undefined;
  /** Where it lies; undefined until it has been taken in. */
  key: string | undefined = undefined;
  /** The number of its lane: see `DurableLane`. */
  level = 0;
  /** The listeners that it is for; undefined: those that come first. */
  names: readonly string[] | undefined = undefined;
  /** Those of them that are done with it. */
  done: readonly string[] = [];
  /** What has become of it where one of those has failed for good. */
  failure: "failed" | "deadLettered" | undefined = undefined;
  /** Listeners that were not called, since they had left. */
  left: string[] | undefined = undefined;
  /** How many attempts have been written down. */
  attempts = 0;
  /** Something has been written down of it. */
  hasState = false;
  /** It lies in the store. */
  isStored = false;
  /** It waits in the queue of its destination. */
  isQueued = false;
  /** A process has ended during an attempt at it, perhaps by it. */
  isSuspect = false;
  /** Another is tried alone beside it: if the process ends now, this one has not done it. */
  isExcused = false;
  /** An attempt at it has been written down, and has not begun. */
  isMarked = false;
  /** It has been dropped. */
  isOver = false;
  /** The sender gave it an id, which must not come twice. */
  claimsId = false;
  /** Its listeners have been chosen: they are not all. */
  isForChosen = false;
  /** Somebody in this process waits for it, or may give it up. */
  isAwaited = false;
  /** Settles when it lies in the store, or has been refused. */
  storing: Promise<void> | undefined = undefined;

  constructor(payload: Uint8Array | undefined) {
    this.payload = payload;
  }
}
