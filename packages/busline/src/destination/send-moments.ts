import type { AsyncResource } from "node:async_hooks";
import type { Reading } from "../clock/reading.ts";
import { SendMoment } from "../message/send-moment.ts";
import { captureContext } from "../worker/sender-context.ts";
import type { DestinationCore } from "./destination-core.ts";

/** A run of code that has ended. */
export const NO_RUN: Reading = { at: 0 };

/** The moments in which messages are sent to a destination: one for as many of them as may share it. */
export class SendMoments {
  /** The run of code in which the last one was. */
  run: Reading = NO_RUN;
  private readonly core: DestinationCore;
  /** The last one, if it was in nobody's context. */
  private last: SendMoment | undefined = undefined;

  constructor(core: DestinationCore) {
    this.core = core;
  }

  /** That of a message that is sent now. */
  now(): SendMoment {
    const { core, last } = this;
    // A sender who delivers in its own turn is in its own context anyway.
    const context = core.hasQueue ? captureContext() : undefined;
    if (last !== undefined && Number.isNaN(this.run.at) && context === last.context) return last;
    const { clock } = core.environment;
    const moment = this.make(clock.now(), context);
    this.last = context === undefined ? moment : undefined;
    this.run = clock.endOfRun?.() ?? NO_RUN;
    return moment;
  }

  /** That of a message that was sent then, and goes on now to here. */
  since(sentAt: number): SendMoment {
    return this.make(sentAt, this.core.hasQueue ? captureContext() : undefined);
  }

  /** To be called when the listeners have changed. */
  forget(): void {
    this.last = undefined;
  }

  private make(sentAt: number, context: AsyncResource | undefined): SendMoment {
    const { environment, listeners, name, outcomes } = this.core;
    if (context !== undefined) return this.makeIn(context, sentAt);
    if (this.last?.sentAt === sentAt) return this.last;
    return new SendMoment(name, sentAt, listeners.roster, outcomes, undefined, environment.ids);
  }

  /** A context may hold much, so an idle destination keeps none: of those the bus keeps the last one. */
  private makeIn(context: AsyncResource, sentAt: number): SendMoment {
    const { environment, listeners, name, outcomes } = this.core;
    const { ids, lastMoment } = environment;
    const { roster } = listeners;
    const isSame = lastMoment?.context === context && lastMoment.host === outcomes;
    if (isSame && lastMoment.sentAt === sentAt && lastMoment.roster === roster) return lastMoment;
    environment.lastMoment = new SendMoment(name, sentAt, roster, outcomes, context, ids);
    return environment.lastMoment;
  }
}
