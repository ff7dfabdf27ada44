import { asapScheduler, mergeMap, observeOn, Subject } from "rxjs";
import type { Publisher, PublisherOptions } from "./publisher.ts";
import type { WorkQueue, WorkQueueOptions } from "./work-queue.ts";

/** A subject for each topic. */
export function createPublisher({ topics }: PublisherOptions): Publisher {
  const subjects = topics.map((listeners) => {
    const subject = new Subject<number>();
    for (const { forPayload } of listeners) subject.subscribe(forPayload);
    return subject;
  });
  return {
    publish: (topic, payload) => {
      (subjects[topic] as Subject<number>).next(payload);
    },
  };
}

/** Its time grows faster than the number of messages that wait. */
export function createQueue({ listener, concurrency = 1 }: WorkQueueOptions): WorkQueue {
  const subject = new Subject<number>();
  if (listener.isAsynchronous) subject.pipe(mergeMap(listener.forPayload, concurrency)).subscribe();
  else subject.pipe(observeOn(asapScheduler)).subscribe(listener.forPayload);
  return {
    push: (payload) => {
      subject.next(payload);
    },
  };
}
