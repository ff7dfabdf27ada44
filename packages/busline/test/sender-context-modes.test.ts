import {
  AsyncLocalStorage,
  AsyncResource,
  createHook,
  executionAsyncId,
  executionAsyncResource,
} from "node:async_hooks";
import { afterEach, describe, expect, test, vi } from "vitest";
import { turns } from "./outcome-of.ts";

// How a sender's context is kept depends on how Node does it. Here every way is tried on every Node.js, by modules that
// stand in for `node:async_hooks`; `sender-context.test.ts` shows what comes out of it on the one that runs.

type SenderContext = typeof import("../src/worker/sender-context.ts");

/** The module as it comes out on a Node.js whose `async_hooks` are these. */
async function senderContextOn(asyncHooks: object): Promise<SenderContext> {
  vi.resetModules();
  vi.doMock("node:async_hooks", () => ({
    executionAsyncId,
    executionAsyncResource,
    ...asyncHooks,
  }));
  return import("../src/worker/sender-context.ts");
}

afterEach(() => {
  vi.doUnmock("node:async_hooks");
  vi.resetModules();
});

const self = { name: "self" };

/** What a method that is called in a context sees: its own object, and a store. */
function seenIn<Context>(
  { callInContext }: SenderContext,
  context: Context,
  getStore: () => unknown,
): unknown[] {
  function look(this: typeof self, argument: string): unknown[] {
    return [this.name, argument, getStore()];
  }
  return callInContext(context as AsyncResource | undefined, look, self, "given");
}

describe("where a context is a frame that resources carry", () => {
  const FRAME = Symbol("context_frame");
  let current: ReadonlyMap<object, unknown> | undefined;

  class FramedResource {
    readonly [FRAME] = current;
    runInAsyncScope<This, Argument, Result>(
      method: (this: This, argument: Argument) => Result,
      on: This,
      argument: Argument,
    ): Result {
      return within(this[FRAME], () => method.call(on, argument));
    }
  }

  class FramedStorage {
    run<Result>(store: unknown, call: () => Result): Result {
      return within(new Map(current).set(this, store), call);
    }
    getStore(): unknown {
      return current?.get(this);
    }
  }

  function within<Result>(frame: typeof current, call: () => Result): Result {
    const before = current;
    current = frame;
    try {
      return call();
    } finally {
      current = before;
    }
  }

  /** As on later versions of Node.js 24: after a run its storage is there, without a store. */
  class LeavingStorage extends FramedStorage {
    override run<Result>(store: unknown, call: () => Result): Result {
      const before = this.getStore();
      this.#enterWith(store);
      try {
        return call();
      } finally {
        this.#enterWith(before);
      }
    }
    #enterWith(store: unknown): void {
      current = new Map(current).set(this, store);
    }
  }

  const storages = [
    ["restores the frame after a run", FramedStorage],
    ["leaves another frame after a run", LeavingStorage],
  ] as const;

  /** A frame whose class tells which is the present one, or what it holds it to be, or nothing but an error. */
  function frameTelling(tell: () => unknown): MapConstructor {
    return class TellingFrame extends Map<object, unknown> {
      static current = tell;
    };
  }

  afterEach(() => {
    current = undefined;
  });

  test.each([
    ["tells the present one: none is made to look", () => current, 0],
    ["tells of none: looked for in resources", () => undefined, 5],
    ["tells of another: looked for in resources", () => new Map(), 5],
    [
      "throws: looked for in resources",
      () => {
        throw new Error("Not asked like this");
      },
      5,
    ],
  ])("context - a class of frames that %s", async (_, tell, looks) => {
    const Frame = frameTelling(tell);
    let made = 0;
    class CountedResource extends FramedResource {
      constructor() {
        super();
        made += 1;
      }
    }
    class Storage extends FramedStorage {
      override run<Result>(store: unknown, call: () => Result): Result {
        return within(new Frame<object, unknown>(current).set(this, store), call);
      }
    }
    const { captureContext, isNobodys } = await senderContextOn({
      AsyncLocalStorage: Storage,
      AsyncResource: CountedResource,
    });
    const store = new Storage();
    const seen = (): unknown[] => [captureContext(), captureContext(), isNobodys()];
    made = 0;
    const [first, second, isInNobodys] = store.run(1, seen);
    expect(first).toBeInstanceOf(CountedResource);
    expect(second).toBe(first);
    expect(isInNobodys).toBe(false);
    expect(captureContext()).toBeUndefined();
    expect(isNobodys()).toBe(true);
    // One for the two messages, and one that stands for nobody's context.
    expect(made).toBe(2 + looks);
  });

  test.each(storages)(
    "context - one that %s: messages of one context share it",
    async (_, Storage) => {
      const module = await senderContextOn({
        AsyncLocalStorage: Storage,
        AsyncResource: FramedResource,
      });
      const store = new Storage();
      const capture = (): unknown => module.captureContext();
      const [first, second] = store.run(1, () => [capture(), capture()]);
      const other = store.run(2, capture);
      expect(first).toBeInstanceOf(FramedResource);
      expect(second).toBe(first);
      expect(other).not.toBe(first);
      expect(seenIn(module, first, () => store.getStore())).toEqual(["self", "given", 1]);
      expect(seenIn(module, other, () => store.getStore())).toEqual(["self", "given", 2]);
    },
  );

  test("context - a listener that enters another frame has left the one it was called in", async () => {
    const module = await senderContextOn({
      AsyncLocalStorage: FramedStorage,
      AsyncResource: FramedResource,
    });
    const { callInContext, captureContext, isStillIn } = module;
    const context = new FramedStorage().run(1, captureContext);
    const seen = callInContext(
      context,
      () => {
        const before = isStillIn(context);
        current = new Map(current);
        return [before, isStillIn(context)];
      },
      self,
      undefined,
    );
    expect(seen).toEqual([true, false]);
    expect(isStillIn(undefined)).toBe(true);
  });

  test.each(storages)("context - one that %s: without any, nothing is kept", async (_, Storage) => {
    const module = await senderContextOn({
      AsyncLocalStorage: Storage,
      AsyncResource: FramedResource,
    });
    const store = new Storage();
    // Nobody has sent anything yet: there is nothing to shield from.
    expect(seenIn(module, undefined, () => store.getStore())).toEqual(["self", "given", undefined]);
    const context = module.captureContext();
    expect(context).toBeUndefined();
    const seen = store.run("runs", () => seenIn(module, context, () => store.getStore()));
    expect(seen).toEqual(["self", "given", undefined]);
  });
});

describe.each<[string, () => object]>([
  ["by what switches a hook on", () => createHook({})],
  ["by nothing, as that cannot be changed", () => Object.create(Object.freeze({ enable() {} }))],
  ["by nothing, as there is no such thing", () => ({})],
])("where a context exists only while hooks are on, which is told %s", (_, createAnyHook) => {
  class HookedStorage<Store> extends AsyncLocalStorage<Store> {
    _propagate(): void {}
  }

  const hooked = {
    AsyncLocalStorage: HookedStorage,
    AsyncResource,
    createHook: createAnyHook,
  };
  const hook = createHook({ init() {} });
  afterEach(() => hook.disable());

  test("context - nothing is kept while no hook is on, each message keeps its own while one is", async () => {
    const { captureContext } = await senderContextOn(hooked);
    expect(captureContext()).toBeUndefined();
    hook.enable();
    const first = captureContext();
    expect(first).toBeInstanceOf(AsyncResource);
    expect(captureContext()).not.toBe(first);
    hook.disable();
    await turns(1);
    // It may be found out late, but it is.
    const messages = Array.from({ length: 5_000 }, () => captureContext());
    expect(messages.at(-1)).toBeUndefined();
    hook.enable();
    expect(captureContext()).toBeInstanceOf(AsyncResource);
  });

  test("context - a message without one is delivered without one, whether hooks are on or off", async () => {
    const module = await senderContextOn(hooked);
    const store = new AsyncLocalStorage<string>();
    expect(module.captureContext()).toBeUndefined();
    expect(seenIn(module, undefined, () => "off")).toEqual(["self", "given", "off"]);
    hook.enable();
    const seen = store.run("runs", () => seenIn(module, undefined, () => store.getStore()));
    store.disable();
    expect(seen).toEqual(["self", "given", undefined]);
  });
});

describe("what switches hooks on", () => {
  const prototype = Object.getPrototypeOf(createHook({})) as { enable: unknown };
  const before = prototype.enable;
  const hook = createHook({ init() {} });
  afterEach(() => {
    hook.disable();
    prototype.enable = before;
  });

  test("context - is kept also when somebody has put the method back that was there before", async () => {
    const original = function enable(this: unknown): unknown {
      return Reflect.apply(before as () => unknown, this, []);
    };
    prototype.enable = original;
    const { HookWatch } = await import("../src/worker/hook-watch.ts");
    const watch = new HookWatch();
    expect(prototype.enable).not.toBe(original);
    expect(watch.mayBeOn).toBe(true);
    watch.foundNone();
    expect(watch.mayBeOn).toBe(false);
    hook.enable();
    expect(watch.mayBeOn).toBe(true);
    watch.foundNone();
    prototype.enable = original;
    expect(watch.mayBeOn).toBe(true);
    watch.foundNone();
    expect([watch.mayBeOn, watch.mayHaveBeenSwitchedOn]).toEqual([true, true]);
  });

  test("context - many copies of busline in one process replace it once, and each is told", async () => {
    vi.resetModules();
    const { HookWatch: First } = await import("../src/worker/hook-watch.ts");
    const first = new First();
    const method = prototype.enable;
    vi.resetModules();
    const { HookWatch: Second } = await import("../src/worker/hook-watch.ts");
    expect(Second).not.toBe(First);
    const second = new Second();
    expect(prototype.enable).toBe(method);
    for (const watch of [first, second]) watch.foundNone();
    hook.enable();
    expect([first.mayBeOn, second.mayBeOn]).toEqual([true, true]);
    first.foundNone();
    expect([first.mayBeOn, second.mayBeOn]).toEqual([false, true]);
  });
});

describe("where it is neither", () => {
  class UnknownStorage {
    run<Result>(_store: unknown, call: () => Result): Result {
      return call();
    }
  }

  const ODD_FRAME = Symbol("context_frame");

  /** A resource of which nothing can be told from outside. */
  class UnknownResource {
    runInAsyncScope<This, Argument, Result>(
      method: (this: This, argument: Argument) => Result,
      on: This,
      argument: Argument,
    ): Result {
      return method.call(on, argument);
    }
  }

  /** One that has a frame by name, but one of another kind. */
  class OddResource extends UnknownResource {
    readonly [ODD_FRAME] = {};
  }

  test.each([
    ["of nothing", { AsyncLocalStorage: UnknownStorage, AsyncResource: UnknownResource }],
    ["of something else", { AsyncLocalStorage: UnknownStorage, AsyncResource: OddResource }],
  ])("context - on a Node.js that tells %s each message keeps its own", async (_, asyncHooks) => {
    const module = await senderContextOn(asyncHooks);
    const first = module.captureContext();
    expect(first).toBeInstanceOf(UnknownResource);
    expect(module.captureContext()).not.toBe(first);
    expect(seenIn(module, first, () => "own")).toEqual(["self", "given", "own"]);
  });
});

test("context - this Node.js is known: messages without one keep nothing", async () => {
  const { captureContext } = await import("../src/worker/sender-context.ts");
  expect(captureContext()).toBeUndefined();
  const store = new AsyncLocalStorage<string>();
  const [first, second] = store.run("a", () => [captureContext(), captureContext()]);
  store.disable();
  expect(first).toBeInstanceOf(AsyncResource);
  expect(first === second).toBe(!("_propagate" in AsyncLocalStorage.prototype));
});
