/** Many destinations, each with a listener of its own, as a contender offers them. */
export interface DestinationField {
  /** Sends to the destination of that number. */
  send(destination: number, payload: number): void;
  /** Whether it delivers later than in the sender's turn. */
  readonly isQueued: boolean;
  close?(): Promise<void>;
}

export interface DestinationFieldOptions {
  readonly count: number;
  /** What each listener does with a payload. */
  readonly receive: (payload: number) => void;
}

export type CreateDestinationField = (options: DestinationFieldOptions) => DestinationField;

export function nameOfDestination(destination: number): string {
  return `acme/destination-${destination}`;
}
