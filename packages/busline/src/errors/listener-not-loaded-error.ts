import { BuslineError, nameErrorClass } from "./busline-error.ts";

/** The module of a listener could not be loaded, or does not export a listener under the name that was asked for. */
export class ListenerNotLoadedError extends BuslineError {
  /** Where the module was looked for. */
  readonly url: string;

  static {
    nameErrorClass(this, "ListenerNotLoadedError");
  }

  constructor(url: string, problem: string, options?: { readonly cause?: unknown }) {
    super("BUSLINE_LISTENER_NOT_LOADED", `The listener module ${url} ${problem}.`, options);
    this.url = url;
  }
}
