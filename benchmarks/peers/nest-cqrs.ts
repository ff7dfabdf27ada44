// Nest needs it, and only for its effect.
// oxlint-disable-next-line import/no-unassigned-import
import "reflect-metadata";
import { type INestApplicationContext, Module, type Provider } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { CommandBus, CommandHandler, CqrsModule, EventBus, EventsHandler } from "@nestjs/cqrs";
import type { Publisher, PublisherOptions } from "./publisher.ts";
import type { Requester, RequesterOptions } from "./requester.ts";

interface Carrier {
  readonly payload: number;
}
type CarrierClass = new (payload: number) => Carrier;

/** An event or a command: nest knows them by their class. */
function createCarrierClass(): CarrierClass {
  return class implements Carrier {
    readonly payload: number;

    constructor(payload: number) {
      this.payload = payload;
    }
  };
}

async function startApplication(providers: Provider[]): Promise<INestApplicationContext> {
  // A module of Nest is an empty class with metadata.
  // oxlint-disable-next-line typescript/no-extraneous-class
  class ApplicationModule {}
  Module({ imports: [CqrsModule.forRoot()], providers })(ApplicationModule);
  const application = await NestFactory.createApplicationContext(ApplicationModule, {
    logger: false,
  });
  return application.init();
}

function createEventsHandler(event: CarrierClass, receive: (payload: number) => void): Provider {
  class Handler {
    handle({ payload }: Carrier): void {
      receive(payload);
    }
  }
  EventsHandler(event)(Handler);
  return Handler;
}

/** Every event passes the filters of all handlers of the bus. */
export async function createPublisher({ topics }: PublisherOptions): Promise<Publisher> {
  const events = topics.map(() => createCarrierClass());
  const application = await startApplication(
    topics.flatMap((listeners, topic) =>
      listeners.map(({ forPayload }) =>
        createEventsHandler(events[topic] as CarrierClass, forPayload),
      ),
    ),
  );
  const bus = application.get(EventBus);
  return {
    publish: (topic, payload) => {
      const Event = events[topic] as CarrierClass;
      bus.publish(new Event(payload));
    },
    close: () => application.close(),
  };
}

/** Calls the handler in the sender's turn: there is no queue. */
export async function createRequester({ answer }: RequesterOptions): Promise<Requester> {
  const Command = createCarrierClass();
  class Handler {
    execute({ payload }: Carrier): Promise<number> {
      return answer.forPayload(payload);
    }
  }
  CommandHandler(Command)(Handler);
  const application = await startApplication([Handler]);
  const bus = application.get(CommandBus);
  return {
    request: (payload) => bus.execute(new Command(payload)),
    close: () => application.close(),
  };
}
