// Nest needs it, and only for its effect.
// oxlint-disable-next-line import/no-unassigned-import
import "reflect-metadata";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { CqrsModule, EventBus, EventsHandler } from "@nestjs/cqrs";
import { tellDelivered } from "./tell-delivered.ts";

class First {
  readonly payload: number;

  constructor(payload: number) {
    this.payload = payload;
  }
}

class Listener {
  handle({ payload }: First): void {
    tellDelivered(payload);
  }
}
EventsHandler(First)(Listener);

// A module of Nest is an empty class with metadata.
// oxlint-disable-next-line typescript/no-extraneous-class
class ApplicationModule {}
Module({ imports: [CqrsModule.forRoot()], providers: [Listener] })(ApplicationModule);

const application = await NestFactory.createApplicationContext(ApplicationModule, {
  logger: false,
});
await application.init();
application.get(EventBus).publish(new First(1));
