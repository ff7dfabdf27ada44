import type { AsyncResource } from "node:async_hooks";
import type { Listening } from "../listener/listening.ts";
import type { Roster } from "../listener/roster.ts";
import type { DeliveryHost } from "../worker/delivery-host.ts";
import type { Attempt } from "./attempt.ts";
import type { MessageIds } from "./message-ids.ts";

/**
 * What messages have in common that are sent to one destination in one async context, within one reading of the clock,
 * while its listeners stay the same. Thousands of waiting messages share one: each of them keeps 8 bytes of it, not 40.
 */
export class SendMoment {
  readonly destinationName: string;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  /** The listeners registered at that moment. */
  readonly roster: Roster;
  /** Who books what becomes of the messages. */
  readonly host: DeliveryHost;
  /** The senders' async context; undefined where there is none. */
  readonly context: AsyncResource | undefined;
  /** Where ids come from, for those who ask. */
  readonly ids: MessageIds;
  /** Which attempt it is to deliver the message, after the first; then the moment is of that message alone. */
  attempt: Attempt | undefined = undefined;

  constructor(
    destinationName: string,
    sentAt: number,
    roster: Roster,
    host: DeliveryHost,
    context: AsyncResource | undefined,
    ids: MessageIds,
  ) {
    this.destinationName = destinationName;
    this.sentAt = sentAt;
    this.roster = roster;
    this.host = host;
    this.context = context;
    this.ids = ids;
  }

  /** The same for some of the listeners. */
  for(roster: Roster): SendMoment {
    const { destinationName, sentAt, host, context, ids } = this;
    return new SendMoment(destinationName, sentAt, roster, host, context, ids);
  }

  /** That of a message's next attempt, for some of its listeners. */
  again(roster: Roster, attempt: Attempt): SendMoment {
    const moment = this.for(roster);
    moment.attempt = attempt;
    return moment;
  }

  get listenings(): readonly Listening[] {
    return this.roster.listenings;
  }
}
