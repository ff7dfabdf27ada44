import type { Transferable } from "node:worker_threads";
import type { DeliverOrder, EndReport } from "./crossing.ts";
import type { ListenerOfModule } from "./module-listener.ts";
import type { PoolThread } from "./pool-thread.ts";

/** What of an order the thread does not add. */
export type OrderRest = DeliverOrder extends readonly [unknown, unknown, unknown, ...infer Rest]
  ? Rest
  : never;

/** One message for one listener, on its way through a thread. */
export interface ThreadTask {
  readonly listener: ListenerOfModule;
  /** The thread that has been given it. */
  thread: PoolThread | undefined;
  /** Its place among all tasks, in the order of their coming. */
  readonly place: number;
  /** It has been aborted; its listener, if it begins at all, begins with that. */
  readonly abort: { readonly reason: unknown } | undefined;
  /** It is large, or a thread could not read it together with others: it is posted alone. */
  goesAlone: boolean;
  /** What is to be posted. @throws what the user's `transfer` throws */
  order(): { readonly order: OrderRest; readonly transfer: readonly Transferable[] };
  /** It has been posted. */
  posted(): void;
  /** It is the thread's next, or its first, whose listener must still be loaded. */
  isNext(isLoaded: boolean): void;
  /** It is not the thread's any more: it had not begun with it. */
  takenBack(): void;
  replied(value: unknown): void;
  ended(report: EndReport): void;
  /** The thread has ended before the listener. */
  lost(exitCode: number | undefined, cause: unknown): void;
  /** It could not be handed over. */
  failed(error: unknown): void;
}
