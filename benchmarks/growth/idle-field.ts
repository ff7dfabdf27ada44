/** Destinations that are added one after the other, as a contender offers them. */
export interface IdleField {
  /** Adds the next one. */
  add(name: string): void;
  /** Gives the destination of that number, from 0, a listener. */
  listen(destination: number, receive: (payload: number) => void): void;
  send(destination: number, payload: number): void;
  close?(): Promise<void>;
}

export type CreateIdleField = () => IdleField;
