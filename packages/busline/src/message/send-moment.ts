import type { AsyncResource } from "node:async_hooks";
import type { Listening } from "../listener/listening.ts";
import type { DeliveryHost } from "../worker/delivery-host.ts";

/**
 * What messages have in common that are sent to one destination in one async context, within one reading of the clock,
 * while its listeners stay the same. Thousands of waiting messages share one: each of them keeps 8 bytes of it, not 40.
 */
export class SendMoment {
  readonly destinationName: string;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  /** The listeners registered at that moment. */
  readonly listenings: readonly Listening[];
  /** Who books what becomes of the messages. */
  readonly host: DeliveryHost;
  /** The senders' async context; undefined where there is none. */
  readonly context: AsyncResource | undefined;

  constructor(
    destinationName: string,
    sentAt: number,
    listenings: readonly Listening[],
    host: DeliveryHost,
    context: AsyncResource | undefined,
  ) {
    this.destinationName = destinationName;
    this.sentAt = sentAt;
    this.listenings = listenings;
    this.host = host;
    this.context = context;
  }
}
