import { type Context, ServiceBroker, type ServiceSchema } from "moleculer";
import { nameOfTopic, type Publisher, type PublisherOptions } from "./publisher.ts";
import type { WorkListener } from "./work-listener.ts";
import type { Requester, RequesterOptions } from "./requester.ts";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";

async function startBroker(
  services: readonly ServiceSchema[],
  requestTimeout?: number,
): Promise<ServiceBroker> {
  const broker = new ServiceBroker({
    logger: false,
    ...(requestTimeout === undefined ? {} : { requestTimeout }),
  });
  for (const service of services) broker.createService(service);
  await broker.start();
  return broker;
}

function eventService(
  name: string,
  event: string,
  receive: WorkListener["forPayload"],
): ServiceSchema {
  return {
    name,
    events: { [event]: { handler: (ctx: Context) => receive(ctx.params as number) } },
  };
}

/** A service for each listener; `broadcastLocal` reaches them all. */
export async function createPublisher({ topics }: PublisherOptions): Promise<Publisher> {
  const names = topics.map((_, topic) => nameOfTopic(topic));
  const broker = await startBroker(
    topics.flatMap((listeners, topic) =>
      listeners.map(({ forPayload }, position) =>
        eventService(`service-${topic}-${position}`, names[topic] as string, forPayload),
      ),
    ),
  );
  return {
    isAwaited: true,
    publish: (topic, payload) => broker.broadcastLocal(names[topic] as string, payload),
    close: () => broker.stop(),
  };
}

/** It knows no bound of what is at work at a time. */
export async function createQueue({ listener }: WorkQueueOptions): Promise<WorkQueue> {
  const broker = await startBroker([eventService("worker", "work", listener.forPayload)]);
  return {
    push: (payload) => {
      void broker.emit("work", payload);
    },
    close: () => broker.stop(),
  };
}

/** `broker.call`, by default without a timeout, as the broker has it by default. */
export async function createRequester(
  { answer }: RequesterOptions,
  requestTimeout?: number,
): Promise<Requester> {
  const broker = await startBroker(
    [
      {
        name: "answers",
        actions: { ask: (ctx: Context) => answer.forPayload(ctx.params as number) },
      },
    ],
    requestTimeout,
  );
  return {
    request: (payload) => broker.call<number, number>("answers.ask", payload),
    close: () => broker.stop(),
  };
}

/** The same with a timeout armed for each request, as busline has it. */
export function createRequesterWithTimeout(options: RequesterOptions): Promise<Requester> {
  return createRequester(options, 10_000);
}
