/** How much memory live objects take on the heap, in bytes. @throws where the collector cannot be called */
export function liveHeap(): number {
  if (globalThis.gc === undefined) throw new Error("Node.js must be started with --expose-gc.");
  // What is only weakly held, or freed by a finalizer, goes in the second round.
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
