import { Effect, Queue } from "effect";
import { tellDelivered } from "./tell-delivered.ts";

const queue = Effect.runSync(Queue.unbounded<number>());
Effect.runFork(Effect.map(Queue.take(queue), tellDelivered));
Queue.offerUnsafe(queue, 1);
