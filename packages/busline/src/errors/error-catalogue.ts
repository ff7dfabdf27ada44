/** The stable codes of `BuslineError.code`. */
export type BuslineErrorCode =
  | "BUSLINE_INVALID_CONFIGURATION"
  | "BUSLINE_DUPLICATE_DESTINATION"
  | "BUSLINE_UNKNOWN_DESTINATION"
  | "BUSLINE_SEALED_DESTINATION"
  | "BUSLINE_BUS_CLOSED"
  | "BUSLINE_INVALID_MESSAGE"
  | "BUSLINE_QUEUE_FULL"
  | "BUSLINE_CLOSED"
  | "BUSLINE_WAIT_TIMEOUT"
  | "BUSLINE_WAIT_DEADLOCK"
  | "BUSLINE_PURGED"
  | "BUSLINE_DIVERSION_LOOP"
  | "BUSLINE_TOO_DEEP"
  | "BUSLINE_REJECTION_SETTLED"
  | "BUSLINE_REQUEST_TIMEOUT"
  | "BUSLINE_NO_LISTENER"
  | "BUSLINE_LISTENER_FAILED"
  | "BUSLINE_LISTENER_TIMEOUT"
  | "BUSLINE_LISTENER_NOT_LOADED"
  | "BUSLINE_DEAD_LETTER"
  | "BUSLINE_WORKER_LOST"
  | "BUSLINE_ABORTED"
  | "BUSLINE_ATTEMPTS_EXHAUSTED"
  | "BUSLINE_STORE_LOCKED"
  | "BUSLINE_STORE_DAMAGED"
  | "BUSLINE_STORE_VERSION"
  | "BUSLINE_STORE_FAILED";

/** What a code stands for. */
export interface CatalogueEntry {
  /** The class that carries it. */
  readonly errorClass: string;
  readonly meaning: string;
}

/**
 * Every code that busline raises: the class that carries it and what it means. `docs/reference/errors.md` and the
 * sources are held to this list by a test. A code is never reused for another meaning.
 */
export const errorCatalogue: Readonly<Record<BuslineErrorCode, CatalogueEntry>> = {
  BUSLINE_INVALID_CONFIGURATION: {
    errorClass: "InvalidConfigurationError",
    meaning: "An option, an attribute, a name or a listener is not what is allowed there.",
  },
  BUSLINE_DUPLICATE_DESTINATION: {
    errorClass: "DuplicateDestinationError",
    meaning: "A destination of that name exists already.",
  },
  BUSLINE_UNKNOWN_DESTINATION: {
    errorClass: "UnknownDestinationError",
    meaning: "No destination of that name exists.",
  },
  BUSLINE_SEALED_DESTINATION: {
    errorClass: "SealedDestinationError",
    meaning: "A preconfigured destination was to be modified, replaced or removed.",
  },
  BUSLINE_BUS_CLOSED: {
    errorClass: "BusClosedError",
    meaning: "The wiring of a closed bus was to be changed.",
  },
  BUSLINE_INVALID_MESSAGE: {
    errorClass: "InvalidMessageError",
    meaning:
      "A payload or a reply does not satisfy the destination's schema, or cannot come to where its listeners run.",
  },
  BUSLINE_QUEUE_FULL: {
    errorClass: "RejectedExecutionError",
    meaning: "All workers are busy, or paused, and there is no room in a queue.",
  },
  BUSLINE_CLOSED: {
    errorClass: "RejectedExecutionError",
    meaning: "The destination or its bus is draining or closed.",
  },
  BUSLINE_WAIT_TIMEOUT: {
    errorClass: "RejectedExecutionError",
    meaning: "No room appeared in the queue in the time that waitForSpace allows.",
  },
  BUSLINE_WAIT_DEADLOCK: {
    errorClass: "RejectedExecutionError",
    meaning: "The sender is a worker that the room it would wait for depends on.",
  },
  BUSLINE_PURGED: {
    errorClass: "RejectedExecutionError",
    meaning: "The request was waiting in a queue that was purged.",
  },
  BUSLINE_DIVERSION_LOOP: {
    errorClass: "RejectedExecutionError",
    meaning:
      "A chain of divertTo handlers, or of dead letters, came back to a destination where the message had been.",
  },
  BUSLINE_TOO_DEEP: {
    errorClass: "RejectedExecutionError",
    meaning: "Listeners that run in each other's senders' turns sent more than 100 deep.",
  },
  BUSLINE_REJECTION_SETTLED: {
    errorClass: "BuslineError",
    meaning: "A rejected execution handler acted twice on one rejection.",
  },
  BUSLINE_REQUEST_TIMEOUT: {
    errorClass: "RequestTimeoutError",
    meaning: "No reply came in time.",
  },
  BUSLINE_NO_LISTENER: {
    errorClass: "NoListenerError",
    meaning: "A request found nobody to answer it.",
  },
  BUSLINE_LISTENER_FAILED: {
    errorClass: "ListenerFailedError",
    meaning: "Every listener of a request ended without a reply, and at least one failed.",
  },
  BUSLINE_LISTENER_TIMEOUT: {
    errorClass: "ListenerTimeoutError",
    meaning: "A listener took longer for a message than `listenerTimeoutMs` allows.",
  },
  BUSLINE_LISTENER_NOT_LOADED: {
    errorClass: "ListenerNotLoadedError",
    meaning: "The module of a listener could not be loaded, or does not export a listener.",
  },
  BUSLINE_DEAD_LETTER: {
    errorClass: "DeadLetterError",
    meaning: "A listener gave a message up for good.",
  },
  BUSLINE_WORKER_LOST: {
    errorClass: "WorkerLostError",
    meaning: "The thread that ran a listener ended before the listener did.",
  },
  BUSLINE_ABORTED: {
    errorClass: "AbortError",
    meaning: "The sender's signal was aborted.",
  },
  BUSLINE_ATTEMPTS_EXHAUSTED: {
    errorClass: "AttemptsExhaustedError",
    meaning: "The process ended during the last attempt that a durable message had.",
  },
  BUSLINE_STORE_LOCKED: {
    errorClass: "StoreError",
    meaning: "Another process, or another bus, has the store open.",
  },
  BUSLINE_STORE_DAMAGED: {
    errorClass: "StoreError",
    meaning: "Something that was committed to the store is missing or has been altered.",
  },
  BUSLINE_STORE_VERSION: {
    errorClass: "StoreError",
    meaning: "A later version of busline has written the store.",
  },
  BUSLINE_STORE_FAILED: {
    errorClass: "StoreError",
    meaning: "The store could not be read or written: the disk is full, or fails.",
  },
};
