/** How one listener ended with one message: the payload at `DestinationNames.MESSAGE_BUS_MESSAGE_STATUS`. */
export interface MessageStatus {
  readonly destinationName: string;
  readonly listenerName: string;
  readonly messageId: string;
  /** How long the listener took, in milliseconds. */
  readonly durationMs: number;
  readonly isFailure: boolean;
  /** What it threw. */
  readonly error: unknown;
}
