export { threads, type ThreadsOptions } from "./threads.ts";
export {
  moduleListener,
  type ModuleListener,
  type ModuleListenerOptions,
} from "./module-listener.ts";
export { travellingContext } from "./travelling-context.ts";
