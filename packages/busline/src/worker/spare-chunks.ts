import type { Chunk } from "./line.ts";

/**
 * Chunks that lines have emptied and other messages may wait in. A new one for every 1,024 messages of a long queue is copied
 * twice as it grows old, which takes 6 of 38 ns a message in a burst of a million. They are held weakly: the collector takes
 * them when it looks through the whole heap, as it would if nobody had kept them.
 */
class SpareChunks {
  first: Chunk | undefined = undefined;
}

let kept = new WeakRef(new SpareChunks());

/** Keeps one that is empty, and as large as it may become. */
export function keepSpare(chunk: Chunk): void {
  let spares = kept.deref();
  if (spares === undefined) {
    spares = new SpareChunks();
    kept = new WeakRef(spares);
  }
  // A moment may keep a context.
  chunk.moment = undefined;
  chunk.start = 0;
  chunk.end = 0;
  chunk.next = spares.first;
  spares.first = chunk;
}

/** Takes one that has been kept, if there is any. */
export function spareChunk(): Chunk | undefined {
  const spares = kept.deref();
  const chunk = spares?.first;
  if (spares === undefined || chunk === undefined) return undefined;
  spares.first = chunk.next;
  chunk.next = undefined;
  return chunk;
}
