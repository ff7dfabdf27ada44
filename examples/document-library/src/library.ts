import { setMaxListeners } from "node:events";
import { lmdbStore } from "@busline/store-lmdb";
import { moduleListener, threads } from "@busline/threads";
import {
  DeadLetterError,
  DestinationConfiguration,
  MessageBus,
  type MessageBusOptions,
  RejectedExecutionError,
  type RejectedExecutionHandler,
  waitForSpace,
} from "busline";
import { Audit, type AuditEntry } from "./audit.ts";
import type { FileToRead } from "./extraction.ts";
import type { Document } from "./extractor.ts";
import { type Answer, InvertedIndex, type Query } from "./inverted-index.ts";
import type { LibraryFolder } from "./library-folder.ts";
import { reasonOf } from "./unreadable-reason.ts";
import type { Finding, FoundFile } from "./walker.ts";

/** What may be sent where, and what comes back. */
export interface LibraryContracts {
  "library/walks": { payload: { readonly folder: string } };
  "library/documents": { payload: FileToRead; reply: Document };
  "library/index": { payload: Document };
  "library/audit": { payload: AuditEntry };
  "library/queries": { payload: Query; reply: Answer };
}

/** What a library needs to outlive the process. */
interface Durability {
  readonly own: LibraryFolder;
  /** Aborted when nothing more is to be begun. */
  readonly stop: AbortSignal;
  /** Told of what goes wrong with the store, and is tried again. */
  warn(text: string): void;
}

/** How a library works. */
export interface LibraryOptions {
  /** Files are read on threads, and not on the event loop. Default: no. */
  readonly usesThreads?: boolean;
  /** Default: nothing outlives the process. */
  readonly durable?: Durability;
}

/** Whenever the process ends, by a kill or by Ctrl-C, it costs what is in hand an attempt. */
const LASTING = {
  durable: true,
  retry: { attempts: 100, backoff: { initialMs: 1_000, factor: 1 } },
};

/** A library of documents: the wiring of its bus. */
export class Library {
  readonly audit = new Audit();
  readonly index = new InvertedIndex();
  readonly bus: MessageBus<LibraryContracts>;
  readonly #folder: string;
  readonly #records: string | undefined;

  constructor(folder: string, { usesThreads = false, durable }: LibraryOptions = {}) {
    this.#folder = folder;
    this.#records = durable?.own.documents;
    const { audit, index } = this;
    const bus = new MessageBus<LibraryContracts>({
      ...(durable === undefined ? {} : storeOf(durable)),
      // A file that cannot be read is a message that failed.
      onError(error, { message, destination, willRetry }) {
        // Whoever asks a query gets its error; a file that a closed bus dropped stays unfinished.
        if (destination === "library/queries" || error instanceof RejectedExecutionError) return;
        if (willRetry) return;
        const { path } = message.payload as FileToRead;
        const reason = error instanceof DeadLetterError ? error.reason : reasonOf(error, path);
        if (destination === "library/walks") audit.record({ kind: "walk given up", reason });
        else if (index.has(path)) audit.record({ kind: "twice", path });
        else audit.record({ kind: "not read", path, reason });
      },
    });
    this.bus = bus;

    // Files are read side by side. Where the queue is full, the walk waits.
    bus.addDestination(
      DestinationConfiguration.createParallelDestinationConfiguration("library/documents", {
        maximumQueueSize: 64,
        rejectedExecutionHandler: durable === undefined ? waitForSpace() : waitUntil(durable.stop),
        ...(usesThreads ? { workers: threads() } : { workersMaxSize: 8 }),
        ...(durable === undefined ? {} : LASTING),
      }),
    );
    bus.listen("library/documents", moduleListener(new URL("./extraction.ts", import.meta.url)), {
      name: "extraction",
    });

    // Documents go into the index one by one.
    bus.addDestination(
      DestinationConfiguration.createSerialDestinationConfiguration("library/index", {
        maximumQueueSize: 16,
        rejectedExecutionHandler: waitForSpace(),
      }),
    );
    bus.listen("library/index", async ({ payload: document }) => {
      const { path, size } = document;
      // A durable message may be delivered twice.
      const entry = index.add(document)
        ? ({ kind: "indexed", path, size } as const)
        : ({ kind: "twice", path } as const);
      await bus.send("library/audit", entry);
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

    if (durable === undefined) return;
    // That the folder is to be walked outlives the process too.
    bus.addDestination(
      DestinationConfiguration.createSerialDestinationConfiguration("library/walks", LASTING),
    );
  }

  /** Takes in what a walk finds, until all of it is indexed or the signal is aborted. */
  async read(findings: AsyncIterable<Finding>, signal: AbortSignal): Promise<void> {
    for await (const finding of findings) {
      if (signal.aborted) return;
      await this.bus.send("library/audit", finding);
      if (finding.kind === "file") await this.take(finding);
    }
    await this.bus.send("library/audit", { kind: "end of walk" });
    await this.audit.complete;
  }

  /** Has a file read. @param options with an `id`, it is not read twice that is sent twice */
  async take(file: FoundFile, options: { readonly id?: string } = {}): Promise<void> {
    const payload = { ...file, folder: this.#folder, records: this.#records };
    // What the listener makes of the file is sent on from there.
    const responseDestinationName = "library/index";
    await this.bus.send("library/documents", payload, { ...options, responseDestinationName });
  }
}

/** A durable bus that closes takes nothing more in hand: there is no room any more to wait for. */
function waitUntil(stop: AbortSignal): RejectedExecutionHandler {
  // Everybody listens who waits: to Node that looks like a leak.
  setMaxListeners(Infinity, stop);
  return waitForSpace({ signal: stop });
}

function storeOf({ own, warn }: Durability): Pick<MessageBusOptions, "store" | "logger"> {
  return {
    store: lmdbStore(own.messages),
    logger: {
      error: (details, text) => warn(`${text}: ${(details as { err: Error }).err.message}`),
    },
  };
}
