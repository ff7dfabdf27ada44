import { moduleListener, threads } from "@busline/threads";
import {
  DestinationConfiguration,
  MessageBus,
  RejectedExecutionError,
  waitForSpace,
} from "busline";
import { Audit, type AuditEntry } from "./audit.ts";
import type { FileToRead } from "./extraction.ts";
import type { Document } from "./extractor.ts";
import { type Answer, InvertedIndex, type Query } from "./inverted-index.ts";
import { reasonOf } from "./unreadable-reason.ts";
import type { Finding } from "./walker.ts";

/** What may be sent where, and what comes back. */
export interface LibraryContracts {
  "library/documents": { payload: FileToRead; reply: Document };
  "library/index": { payload: Document };
  "library/audit": { payload: AuditEntry };
  "library/queries": { payload: Query; reply: Answer };
}

/** A library of documents: the wiring of its bus. */
export class Library {
  readonly audit = new Audit();
  readonly index = new InvertedIndex();
  readonly bus: MessageBus<LibraryContracts>;

  readonly #folder: string;

  /** @param usesThreads files are read on threads, and not on the event loop */
  constructor(folder: string, usesThreads = false) {
    this.#folder = folder;
    const { audit, index } = this;
    const bus = new MessageBus<LibraryContracts>({
      // A file that cannot be read is a message that failed.
      onError(error, { message, destination }) {
        // Whoever asks a query gets its error; a file that a closed bus dropped stays unfinished.
        if (destination === "library/queries" || error instanceof RejectedExecutionError) return;
        const { path } = message.payload as FileToRead;
        audit.record({ kind: "unreadable", path, reason: reasonOf(error, path) });
      },
    });
    this.bus = bus;

    // Files are read side by side. Where the queue is full, the walk waits.
    bus.addDestination(
      DestinationConfiguration.createParallelDestinationConfiguration("library/documents", {
        maximumQueueSize: 64,
        rejectedExecutionHandler: waitForSpace(),
        ...(usesThreads ? { workers: threads() } : { workersMaxSize: 8 }),
      }),
    );
    bus.listen("library/documents", moduleListener(new URL("./extraction.ts", import.meta.url)));

    // Documents go into the index one by one.
    bus.addDestination(
      DestinationConfiguration.createSerialDestinationConfiguration("library/index", {
        maximumQueueSize: 16,
        rejectedExecutionHandler: waitForSpace(),
      }),
    );
    bus.listen("library/index", async ({ payload: document }) => {
      index.add(document);
      await bus.send("library/audit", {
        kind: "indexed",
        path: document.path,
        size: document.size,
      });
    });

    // The books are kept in the turn of whoever has something to report.
    bus.addDestination(
      DestinationConfiguration.createSynchronousDestinationConfiguration("library/audit"),
    );
    bus.listen("library/audit", audit);

    bus.addDestination(
      DestinationConfiguration.createParallelDestinationConfiguration("library/queries"),
    );
    bus.listen("library/queries", ({ payload: query }) => index.search(query));
  }

  /** Takes in what a walk finds, until all of it is indexed or the signal is aborted. */
  async read(findings: AsyncIterable<Finding>, signal: AbortSignal): Promise<void> {
    for await (const finding of findings) {
      if (signal.aborted) return;
      await this.bus.send("library/audit", finding);
      if (finding.kind !== "file") continue;
      // What the listener makes of the file is sent on from there.
      await this.bus.send(
        "library/documents",
        { ...finding, folder: this.#folder },
        { responseDestinationName: "library/index" },
      );
    }
    await this.bus.send("library/audit", { kind: "end of walk" });
    await this.audit.complete;
  }
}
