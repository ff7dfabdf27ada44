/** One listener, in the two forms in which contenders call it, so that nobody has to wrap it. */
export interface ListenerForms<Result> {
  readonly forPayload: (payload: number) => Result;
  /** For busline, which hands over a message. */
  readonly forMessage: (message: { readonly payload: number }) => Result;
}

/** Runs to its end when it is called. */
export interface SynchronousListener extends ListenerForms<void> {
  readonly isAsynchronous: false;
}

/** Answers with a promise. */
export interface AsynchronousListener extends ListenerForms<Promise<void>> {
  readonly isAsynchronous: true;
}

export type WorkListener = SynchronousListener | AsynchronousListener;

type Receive = (payload: number) => void;

export function synchronousListener(receive: Receive): SynchronousListener {
  return {
    isAsynchronous: false,
    forPayload: (payload) => {
      receive(payload);
    },
    forMessage: (message) => {
      receive(message.payload);
    },
  };
}

/** Its promise has nothing to wait for. */
export function asynchronousListener(receive: Receive): AsynchronousListener {
  return {
    isAsynchronous: true,
    forPayload: async (payload) => {
      receive(payload);
    },
    forMessage: async (message) => {
      receive(message.payload);
    },
  };
}
