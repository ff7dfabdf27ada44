import type { Transferable } from "node:worker_threads";
import type { DeliverOrder, EndReport } from "./crossing.ts";
import type { ListenerOfModule } from "./module-listener.ts";
import type { PoolThread } from "./pool-thread.ts";

/** One message for one listener, on its way through a thread. */
export interface ThreadTask {
  readonly listener: ListenerOfModule;
  readonly destinationName: string;
  /** The thread that has been given it. */
  thread: PoolThread | undefined;
  /** What it is called there, another name each time that it is given to a thread. */
  number: number;
  /** Its place among those that have been posted: see `Claims`; below 0 if it has not been. */
  sequence: number;
  /** The number of the order that it was posted in. */
  orderNumber: number;
  /** Its place among all tasks, in the order of their coming. */
  readonly place: number;
  /** It has been aborted; its listener, if it begins at all, begins with that. */
  readonly abort: { readonly reason: unknown } | undefined;
  /** It is large, or a thread could not read it together with others: it is posted alone. */
  goesAlone: boolean;
  /** What is to be moved, not copied. @throws what the user's `transfer` throws */
  transfers(): readonly Transferable[];
  /** What is to be posted. @param listener its listener's number in the thread */
  order(listener: number): DeliverOrder;
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
