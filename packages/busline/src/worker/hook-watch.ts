import { createHook } from "node:async_hooks";

/** By which another copy of busline in the same process finds what the first has put in place. */
const WATCHES = Symbol.for("busline.hook-watches");

/** Something of Node's that switches hooks on. */
interface Switch {
  readonly enable?: unknown;
}

/**
 * Tells whether any async hook may have been switched on. Node tells nobody, so the method that every hook is switched on by
 * is replaced, once in a process, by one that notes it and calls the other: to look at a promise for each message would cost as
 * much as its delivery, once any hook has been on. Where the method cannot be replaced, or somebody else has put another
 * in its place, one may always have been.
 */
export class HookWatch {
  /** Whether one may have been switched on since `foundNone`, as long as nobody replaces methods: within a run of messages. */
  mayHaveBeenSwitchedOn = true;
  private readonly hooks: Switch;
  /** Those that are told of it, with this one; undefined if nobody can be. */
  private readonly watches: Set<HookWatch> | undefined;

  constructor() {
    this.hooks = Object.getPrototypeOf(createHook({})) as Switch;
    this.watches = watchesOf(this.hooks.enable) ?? replaceEnable(this.hooks);
    this.watches?.add(this);
  }

  /** The same at any time: it takes ten times as long. */
  get mayBeOn(): boolean {
    return this.mayHaveBeenSwitchedOn || !this.isTold;
  }

  /** No hook is on now. */
  foundNone(): void {
    this.mayHaveBeenSwitchedOn = !this.isTold;
  }

  private get isTold(): boolean {
    return this.watches !== undefined && watchesOf(this.hooks.enable) === this.watches;
  }
}

function watchesOf(method: unknown): Set<HookWatch> | undefined {
  if (typeof method !== "function") return undefined;
  return (method as { readonly [WATCHES]?: Set<HookWatch> })[WATCHES];
}

/** @returns those that will be told; undefined if it cannot be replaced */
function replaceEnable(hooks: Switch): Set<HookWatch> | undefined {
  const enable: unknown = Object.getOwnPropertyDescriptor(hooks, "enable")?.value;
  if (typeof enable !== "function") return undefined;
  const watches = new Set<HookWatch>();
  function noting(this: unknown): unknown {
    for (const watch of watches) watch.mayHaveBeenSwitchedOn = true;
    return Reflect.apply(enable as () => unknown, this, []);
  }
  Object.defineProperty(noting, WATCHES, { value: watches });
  const value = { configurable: true, writable: true, value: noting };
  return Reflect.defineProperty(hooks, "enable", value) ? watches : undefined;
}
