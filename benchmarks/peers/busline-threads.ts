import { pathToFileURL } from "node:url";
import { moduleListener, threads } from "@busline/threads";
import { DestinationConfiguration, MessageBus } from "busline";
import { modulePath, type ThreadPayload } from "../threads/thread-work.ts";
import { type ThreadRequester, THREADS } from "./thread-requester.ts";

interface Contracts {
  readonly "acme/copied": { readonly payload: ThreadPayload; readonly reply: number };
  readonly "acme/moved": { readonly payload: ThreadPayload; readonly reply: number };
}

export function createRequester(): ThreadRequester {
  const bus = new MessageBus<Contracts>();
  const attributes = {
    workers: threads({ pool: "bench", poolMaxSize: THREADS }),
  };
  const own = { workers: threads(), workersCoreSize: THREADS, workersMaxSize: THREADS };
  const copied = bus.addDestination(
    DestinationConfiguration.createParallelDestinationConfiguration("acme/copied", own),
  );
  const moved = bus.addDestination(
    DestinationConfiguration.createParallelDestinationConfiguration("acme/moved", attributes),
  );
  const url = pathToFileURL(modulePath);
  copied.listen(moduleListener(url, { exportName: "workOnMessage" }));
  moved.listen(
    moduleListener<ThreadPayload, number>(url, {
      exportName: "workOnMessage",
      transfer: ({ freight }) => (freight instanceof Uint8Array ? [freight.buffer] : []),
    }),
  );
  return {
    request: (payload, isMoved) => (isMoved ? moved : copied).request(payload),
    close: async () => {
      await bus.close();
    },
  };
}
