import { fileURLToPath } from "node:url";
import { existsSync } from "node:fs";
import type { ResourceLimits, Transferable } from "node:worker_threads";
import {
  InvalidConfigurationError,
  ListenerNotLoadedError,
  type Message,
  type MessageListenerContext,
  type MessageListenerFunction,
  type MessageListenerObject,
  OptionReader,
} from "busline";
import { type LoadProblem, loadListener } from "./listener-module.ts";

/** How a module's listener is run on threads. On the event loop only `exportName` counts. */
export interface ModuleListenerOptions<Payload = unknown> {
  /** Which export is the listener: a function, or an object with `receive`. Default: `"default"`. */
  readonly exportName?: string;
  /** How much memory a thread that runs it may take: as `node:worker_threads` has it. Default: Node's own limits. */
  readonly resourceLimits?: ResourceLimits;
  /**
   * Names what of a payload is to be moved to the thread rather than copied: array buffers, ports. At `send` it leaves the
   * sender's hands. Only where the destination has no other listener; otherwise all is copied. Default: nothing.
   */
  readonly transfer?: (payload: Payload) => readonly Transferable[];
  /** The environment variables that the thread sees in `process.env`. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** What stands in the thread's `process.argv` behind the program. Default: nothing. */
  readonly argv?: readonly string[];
}

/** A listener that is the export of a module. On the event loop it is called there, on threads in one of them. */
export interface ModuleListener<Payload = unknown, Reply = unknown> extends MessageListenerObject<
  Payload,
  Reply
> {
  /** Where its module is. */
  readonly url: string;
}

/**
 * The listener that a module exports: the same function, wherever the destination's workers are.
 *
 * @param url where the module is: most often `new URL("./name.js", import.meta.url)`
 * @throws {InvalidConfigurationError} it is no URL of a file, or an option is not what is allowed
 */
export function moduleListener<Payload = unknown, Reply = unknown>(
  url: URL | string,
  options?: ModuleListenerOptions<Payload>,
): ModuleListener<Payload, Reply> {
  return new ListenerOfModule(url, options) as ModuleListener<Payload, Reply>;
}

/** The limits that Node knows; it passes over others. */
const LIMITS = [
  "maxOldGenerationSizeMb",
  "maxYoungGenerationSizeMb",
  "codeRangeSizeMb",
  "stackSizeMb",
];

/** What `moduleListener` makes. */
export class ListenerOfModule implements ModuleListener {
  readonly url: string;
  readonly name: string;
  readonly exportName: string;
  readonly transfer: ((payload: unknown) => readonly Transferable[]) | undefined;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  #loaded: MessageListenerFunction | Promise<MessageListenerFunction> | undefined;

  constructor(url: URL | string, options: ModuleListenerOptions<never> | undefined) {
    const where = "moduleListener";
    this.url = checkUrl(url, where);
    const read = new OptionReader(where, options, [
      "exportName",
      "resourceLimits",
      "transfer",
      "env",
      "argv",
    ]);
    this.exportName = read.text("exportName") ?? "default";
    this.resourceLimits = read.record("resourceLimits", "number");
    for (const name of Object.keys(this.resourceLimits ?? {})) {
      if (!LIMITS.includes(name))
        read.refuse("resourceLimits", `an object with ${LIMITS.join(", ")}`);
    }
    this.transfer = read.function("transfer");
    this.env = { ...read.record("env", "string") };
    this.argv = [...(read.texts("argv") ?? [])];
    const base = fileNameOf(this.url).replace(/\.[cm]?[jt]sx?$/u, "");
    this.name = this.exportName === "default" ? base : `${base}.${this.exportName}`;
  }

  /** On the event loop. */
  receive(message: Message, context: MessageListenerContext): unknown {
    if (typeof this.#loaded === "function") return this.#loaded(message, context);
    return this.#load().then((listener) => listener(message, context));
  }

  /** @throws {ListenerNotLoadedError} there is no such file */
  checkPresence(): void {
    if (existsSync(fileURLToPath(this.url))) return;
    throw new ListenerNotLoadedError(this.url, "does not exist");
  }

  async #load(): Promise<MessageListenerFunction> {
    this.#loaded ??= loadListener(this.url, this.exportName);
    try {
      this.#loaded = await this.#loaded;
      return this.#loaded;
    } catch (error) {
      // Another message may find it mended.
      this.#loaded = undefined;
      const { message, cause } = error as LoadProblem;
      throw new ListenerNotLoadedError(
        this.url,
        message,
        cause === undefined ? undefined : { cause },
      );
    }
  }
}

function checkUrl(url: unknown, where: string): string {
  let text: string | undefined;
  try {
    const parsed = new URL(String(url));
    if (parsed.protocol === "file:") text = parsed.href;
  } catch {
    // Refused below.
  }
  if (text !== undefined) return text;
  throw new InvalidConfigurationError({
    where,
    attribute: "url",
    value: String(url),
    allowed: 'the URL of a file, such as new URL("./name.js", import.meta.url)',
  });
}

function fileNameOf(url: string): string {
  const name = new URL(url).pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
