/** What of a payload cannot be copied to a thread, and where it stands. */
export interface UncloneablePart {
  /** Of a plain object, the names of the fields that lead to it. */
  readonly path: string[];
  readonly problem: string;
}

/** From here on it is asked whether an object has been looked at before, as it may hold itself. */
const DEEP = 3;
/** So deep it is looked by itself; below, the structured clone algorithm is asked. */
const DEEPEST = 32;

/** Looks for what the structured clone algorithm would refuse. A copy would cost several times as much. */
export function uncloneablePart(payload: unknown): UncloneablePart | undefined {
  return find(payload, 0, undefined);
}

function find(
  value: unknown,
  depth: number,
  seen: Set<object> | undefined,
): UncloneablePart | undefined {
  if (typeof value === "function") return { path: [], problem: "a function cannot be copied" };
  if (typeof value === "symbol") return { path: [], problem: "a symbol cannot be copied" };
  if (typeof value !== "object" || value === null || seen?.has(value) === true) return undefined;
  if (depth > DEEPEST || !isPlain(value)) return tryOut(value);
  const known = depth >= DEEP ? (seen ?? new Set()) : undefined;
  known?.add(value);
  for (const key of Object.keys(value)) {
    const part = find((value as Record<string, unknown>)[key], depth + 1, known);
    if (part === undefined) continue;
    part.path.unshift(key);
    return part;
  }
  return undefined;
}

function tryOut(value: object): UncloneablePart | undefined {
  if (value instanceof Date || ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return undefined;
  try {
    structuredClone(value);
    return undefined;
  } catch (error) {
    return { path: [], problem: error instanceof Error ? error.message : String(error) };
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
