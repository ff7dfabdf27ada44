import { Piscina } from "piscina";
import { modulePath } from "../threads/thread-work.ts";
import { type ThreadRequester, THREADS } from "./thread-requester.ts";

export function createRequester(): ThreadRequester {
  return create(1);
}

export function createAheadRequester(): ThreadRequester {
  return create(16);
}

function create(concurrentTasksPerWorker: number): ThreadRequester {
  const pool = new Piscina({
    filename: modulePath,
    minThreads: THREADS,
    maxThreads: THREADS,
    concurrentTasksPerWorker,
  });
  return {
    request: (payload, isMoved) => {
      const { freight } = payload;
      const transferList = isMoved && freight instanceof Uint8Array ? [freight.buffer] : [];
      return pool.run(payload, { transferList }) as Promise<number>;
    },
    close: () => pool.destroy(),
  };
}
