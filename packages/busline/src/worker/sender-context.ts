import {
  AsyncLocalStorage,
  AsyncResource,
  executionAsyncId,
  executionAsyncResource,
} from "node:async_hooks";
import { HookWatch } from "./hook-watch.ts";

/*
 * A listener runs in its sender's async context (`AsyncLocalStorage`). An `AsyncResource` keeps that context, but one for
 * each message costs more than the rest of a send (50 ns, and with a million waiting 150 bytes and 200 to 700 ns each).
 * So a message keeps one only where there is a context to keep. How that is found out depends on how Node does it:
 *
 * "hooks" (Node 20 and 22): a context exists only while some async hook is on, and then every new promise is given an
 * async id. To make one and look costs as much as a delivery (11 ns, and 30 where any hook has ever been on), so it is only
 * done when a hook has been switched on since the last look found none on.
 * "frames" (Node 24 and later): the context is an immutable frame that each resource carries, so messages of the same
 * frame share one resource. The class of frames tells the present one in 1 to 2 ns; where it does not, a resource is made
 * to look, 110 bytes that take 15 ns and their collection.
 * Neither, on some later Node: each message keeps its own, as always.
 */

const TYPE = "busline.message";

/** A resource as Node's own code sees it. */
type Inside = Readonly<Record<symbol, unknown>>;

/** The class of the frames of a context. */
interface Frames {
  current(): unknown;
}

const symbols = Object.getOwnPropertySymbols(new AsyncResource(TYPE));
const asyncId = symbols.find(({ description }) => description === "async_id_symbol");
const frame = symbols.find(({ description }) => description === "context_frame");
const mode = modeOfNode();
const frames = mode === "frames" ? classOfFrames() : undefined;

const hooks = mode === "hooks" ? new HookWatch() : undefined;
const MESSAGES_PER_LOOK = 1_024;
let messagesUntilLook = 0;

/** A resource without any context. There is one as soon as nobody's context has been captured. */
let nobodys: AsyncResource | undefined;
/** The last one captured: in the mode of frames, for the next message of the same context. */
let last: AsyncResource | undefined;

/** With a number for its options, which it takes as what triggered it, it is made in half the time. */
function newResource(): AsyncResource {
  return new AsyncResource(TYPE, executionAsyncId());
}

/** The async context of the code that calls; undefined where there is none. */
export function captureContext(): AsyncResource | undefined {
  if (mode === "hooks") {
    if (!areHooksOn()) {
      nobodys ??= newResource();
      return undefined;
    }
    return newResource();
  }
  if (mode !== "frames") return newResource();
  const context = currentFrame();
  if (context === undefined) {
    nobodys ??= newResource();
    return undefined;
  }
  if (last === undefined || frameOf(last) !== context) last = newResource();
  return last;
}

/** Calls a method in a context that was captured; undefined stands for nobody's. */
export function callInContext<This, Argument, Result>(
  context: AsyncResource | undefined,
  method: (this: This, argument: Argument) => Result,
  self: This,
  argument: Argument,
): Result {
  if (context !== undefined) return context.runInAsyncScope(method, self, argument);
  if (isNobodys()) {
    const result = method.call(self, argument);
    leaveStores();
    return result;
  }
  if (nobodys === undefined) return method.call(self, argument);
  return withoutContext(nobodys).runInAsyncScope(method, self, argument);
}

/** Begins a run in nobody's context: it may have been scheduled in somebody's, which what is called in it then is not. */
export function runAsNobody<This>(method: (this: This) => void, self: This): void {
  if (mode === "frames") callInContext(undefined, method, self, undefined);
  else method.call(self);
}

/** Whether what runs now runs in nobody's context: in the mode of hooks, because there is no other in the process. */
export function isNobodys(): boolean {
  if (mode === "hooks") return !areHooksOn();
  return mode === "frames" && currentFrame() === undefined;
}

/** Whether what runs now runs in a context that was captured: also, whether a listener that was called in it has left it as it was. */
export function isStillIn(context: AsyncResource | undefined): boolean {
  if (context !== undefined) return mode === "frames" && currentFrame() === frameOf(context);
  if (mode === "hooks") return hooks?.mayHaveBeenSwitchedOn !== true || !areHooksFoundOn();
  return isNobodys();
}

/**
 * What a listener has entered while no hook was on, it has entered for whoever is called next in the same run. A frame
 * that it has entered cannot be left: whoever is called next must look, and be called in a resource.
 */
export function leaveStores(): void {
  if (hooks?.mayHaveBeenSwitchedOn !== true || !areHooksFoundOn()) return;
  const resource = executionAsyncResource();
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    if (symbol.description === "kResourceStore") Reflect.deleteProperty(resource, symbol);
  }
}

/** What to run a listener in that has no context: the code that calls may be in somebody's. */
function withoutContext(empty: AsyncResource): AsyncResource {
  if (mode !== "hooks") return empty;
  // With hooks a listener's `enterWith` changes the resource that it runs in, so each gets one of its own.
  return empty.runInAsyncScope(newResource);
}

function areHooksOn(): boolean {
  return hooks?.mayBeOn === true && areHooksFoundOn();
}

function areHooksFoundOn(): boolean {
  // That they are off again may be found out late: a resource too many does no harm.
  if (messagesUntilLook > 0) {
    messagesUntilLook -= 1;
    return true;
  }
  const areOn = hasAsyncId(Promise.resolve());
  if (areOn) messagesUntilLook = MESSAGES_PER_LOOK;
  else hooks?.foundNone();
  return areOn;
}

function hasAsyncId(promise: Promise<unknown>): boolean {
  return (promise as unknown as Inside)[asyncId as symbol] !== undefined;
}

function currentFrame(): unknown {
  return frames === undefined ? frameOf(newResource()) : frames.current();
}

function frameOf(resource: AsyncResource): unknown {
  return (resource as unknown as Inside)[frame as symbol];
}

function modeOfNode(): "hooks" | "frames" | undefined {
  // Asked of the class, and not tried out: switching a hook on makes promises slower for as long as the process lives.
  if ("_propagate" in AsyncLocalStorage.prototype)
    return asyncId === undefined ? undefined : "hooks";
  if (frame === undefined) return undefined;
  // In a resource of its own: on Node 24 a run leaves another frame behind.
  return new AsyncResource(TYPE).runInAsyncScope(areFramesShared) ? "frames" : undefined;
}

function areFramesShared(): boolean {
  const outside = frameOf(new AsyncResource(TYPE));
  const [one, other] = new AsyncLocalStorage<number>().run(1, () => [
    frameOf(new AsyncResource(TYPE)),
    frameOf(new AsyncResource(TYPE)),
  ]);
  return one !== undefined && one === other && one !== outside;
}

/** What makes frames, if it tells which is the present one, and tells the truth wherever that can be seen. */
function classOfFrames(): Frames | undefined {
  return new AsyncResource(TYPE).runInAsyncScope(() => {
    const inside = new AsyncLocalStorage<number>().run(1, () => frameOf(new AsyncResource(TYPE)));
    const made = (inside as object).constructor as Partial<Frames>;
    const tellsTruth = (): boolean => made.current?.() === frameOf(new AsyncResource(TYPE));
    try {
      const isTrue = tellsTruth() && new AsyncLocalStorage<number>().run(2, tellsTruth);
      return isTrue ? (made as Frames) : undefined;
    } catch {
      return undefined;
    }
  });
}
