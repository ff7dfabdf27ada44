/** What answers a request: with a promise of the reply. */
export interface Answer {
  readonly forPayload: (payload: number) => Promise<number>;
  /** The same for busline, which hands over a message. */
  readonly forMessage: (message: { readonly payload: number }) => Promise<number>;
}

/** A way to ask and be answered, as a contender offers it. */
export interface Requester {
  request(payload: number): Promise<number>;
  close?(): void | Promise<void>;
}

export interface RequesterOptions {
  readonly answer: Answer;
}

export type CreateRequester = (options: RequesterOptions) => Requester | Promise<Requester>;
