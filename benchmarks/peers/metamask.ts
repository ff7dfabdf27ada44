import { Messenger } from "@metamask/messenger";
import { nameOfTopic, type Publisher, type PublisherOptions } from "./publisher.ts";
import type { Requester, RequesterOptions } from "./requester.ts";

type Name = `acme:${string}`;
type AskAction = { type: "acme:ask"; handler: (payload: number) => Promise<number> };
type TopicEvent = { type: Name; payload: [number] };

export function createPublisher({ topics }: PublisherOptions): Publisher {
  const messenger = new Messenger<"acme", never, TopicEvent>({ namespace: "acme" });
  const names = topics.map((_, topic): Name => `acme:${nameOfTopic(topic)}`);
  topics.forEach((listeners, topic) => {
    for (const { forPayload } of listeners) messenger.subscribe(names[topic] as Name, forPayload);
  });
  return {
    publish: (topic, payload) => {
      messenger.publish(names[topic] as Name, payload);
    },
  };
}

/** Calls the function in the sender's turn: there is no queue. */
export function createRequester({ answer }: RequesterOptions): Requester {
  const messenger = new Messenger<"acme", AskAction>({ namespace: "acme" });
  messenger.registerActionHandler("acme:ask", answer.forPayload);
  return { request: (payload) => messenger.call("acme:ask", payload) };
}
