import { InvalidConfigurationError, type PlacedDestination, type PlacedSizes } from "busline";
import { ThreadPool } from "./thread-pool.ts";

/** A pool, in the hands of one of those who use it. */
export interface OpenPool {
  readonly pool: ThreadPool;
  readonly isShared: boolean;
  /**
   * To be called when no task of this user is left. Whoever gives it back last ends its threads.
   *
   * @returns resolves when the threads that have been ended are gone
   */
  release(): Promise<void>;
}

interface SharedPool {
  readonly pool: ThreadPool;
  readonly maxSize: number;
  userCount: number;
}

const shared = new Map<string, SharedPool>();

/**
 * A destination's own pool, or the one of a name.
 *
 * @throws {InvalidConfigurationError} the pool of that name has another size
 */
export function openPool(
  name: string | undefined,
  maxSize: number,
  { sizes, clock, problem }: PlacedDestination,
): OpenPool {
  if (name === undefined) {
    const pool = new ThreadPool(sizes, clock, problem);
    return { pool, isShared: false, release: () => pool.release() };
  }
  let found = shared.get(name);
  if (found !== undefined && found.maxSize !== maxSize) {
    throw new InvalidConfigurationError({
      where: `threads of pool "${name}"`,
      attribute: "poolMaxSize",
      value: maxSize,
      allowed: `${found.maxSize}, as for the other destinations of this pool`,
    });
  }
  if (found === undefined) {
    const own: PlacedSizes = { coreSize: 1, maxSize, idleTimeoutMs: sizes.idleTimeoutMs };
    found = { pool: new ThreadPool(own, clock, problem), maxSize, userCount: 0 };
    shared.set(name, found);
  }
  const known = found;
  known.userCount += 1;
  return {
    pool: known.pool,
    isShared: true,
    release: async () => {
      known.userCount -= 1;
      if (known.userCount > 0) return known.pool.ended();
      shared.delete(name);
      return known.pool.release();
    },
  };
}
