import type { Transferable } from "node:worker_threads";
import type { DeliverOrder, Report } from "./crossing.ts";
import type { ListenerOfModule } from "./module-listener.ts";

/** One message for one listener, on its way through a thread. */
export interface ThreadTask {
  readonly listener: ListenerOfModule;
  /** @throws what cannot be copied */
  order(task: number): { readonly order: DeliverOrder; readonly transfer: readonly Transferable[] };
  /** The listener begins: its module has been loaded. */
  began(): void;
  replied(value: unknown): void;
  ended(report: Extract<Report, { readonly kind: "returned" | "failed" | "not loaded" }>): void;
  /** The thread has ended before the listener. */
  lost(exitCode: number | undefined, cause: unknown): void;
  /** It could not be handed over. */
  failed(error: unknown): void;
}
