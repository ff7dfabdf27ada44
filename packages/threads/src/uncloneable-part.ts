/** What of a payload cannot be copied to a thread, and where it stands. */
export interface UncloneablePart {
  readonly path: readonly string[];
  readonly problem: string;
}

/** So deep it is looked by itself; below, the structured clone algorithm is asked. */
const DEEPEST = 32;

/** Looks for what the structured clone algorithm would refuse. A copy would cost several times as much. */
export function uncloneablePart(payload: unknown): UncloneablePart | undefined {
  return find(payload, [], new Set());
}

function find(
  value: unknown,
  path: readonly string[],
  seen: Set<object>,
): UncloneablePart | undefined {
  if (typeof value === "function") return { path, problem: "a function cannot be copied" };
  if (typeof value === "symbol") return { path, problem: "a symbol cannot be copied" };
  if (typeof value !== "object" || value === null || seen.has(value)) return undefined;
  seen.add(value);
  const isPlain = Array.isArray(value) || isPlainObject(value);
  if (!isPlain || path.length > DEEPEST) return tryOut(value, path);
  for (const key of Object.keys(value)) {
    const part = find((value as Record<string, unknown>)[key], [...path, key], seen);
    if (part !== undefined) return part;
  }
  return undefined;
}

function tryOut(value: object, path: readonly string[]): UncloneablePart | undefined {
  if (value instanceof Date || ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return undefined;
  try {
    structuredClone(value);
    return undefined;
  } catch (error) {
    return { path, problem: error instanceof Error ? error.message : String(error) };
  }
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
