/** Sends a payload on. */
export type Send = (payload: number) => void;
export type Receive = (payload: number) => void;
export type ReceiveLater = (payload: number) => Promise<void>;

/** What a program needs of a bus, or of what it has instead of one. */
export interface Wiring {
  /** Delivers in the sender's turn to all listeners. */
  synchronous(name: string, listeners: readonly Receive[]): Send;
  /** Delivers one after the other. */
  serial(name: string, listener: Receive): Send;
  /** The same, each when the last one's promise has resolved. */
  serialLater(name: string, listener: ReceiveLater): Send;
  /** Delivers several at a time. */
  parallel(name: string, listener: Receive): Send;
  parallelLater(name: string, listener: ReceiveLater): Send;
  /** Several at a time are answered. */
  answering(
    name: string,
    answer: (payload: number) => Promise<number>,
  ): (payload: number) => Promise<number>;
  close?(): Promise<void>;
}
