export { GateListener } from "./gate-listener.ts";
export { ManualClock, type ManualClockOptions } from "./manual-clock.ts";
export { MemoryStore } from "./memory-store.ts";
export { Recorder } from "./recorder.ts";
export {
  storeConformance,
  type StoreConformanceCase,
  type StoreConformanceSubject,
} from "./store-conformance.ts";
export { SteppedBus } from "./stepped-bus.ts";
export { SteppedClock } from "./stepped-clock.ts";
export { untilQuiet } from "./until-quiet.ts";
