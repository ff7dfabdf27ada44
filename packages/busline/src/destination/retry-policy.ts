import type { Clock } from "../clock/clock.ts";
import { LONGEST_DURATION_MS, OptionReader } from "../validation/option-reader.ts";

/** How often, and after which pauses, a message is tried again whose listener has failed. */
export interface RetryOptions {
  /** How many attempts a message has, the first one included: a whole number of at least 1. Default: 5. */
  readonly attempts?: number;
  /** The pauses between them. */
  readonly backoff?: BackoffOptions;
  /**
   * Which part of each pause is left to chance, so that what failed together does not come back together: 0 to 1. With
   * 0.5 a pause of a second takes between half a second and a second. Default: 0.5.
   */
  readonly jitter?: number;
}

/** Pauses that grow: `initialMs`, then `factor` times as long each time, at most `maximumMs`. */
export interface BackoffOptions {
  /** The pause before the second attempt, in milliseconds: 0 to 2^31 - 1. Default: 100. */
  readonly initialMs?: number;
  /** How much longer each pause is than the one before: at least 1, which keeps them alike. Default: 2. */
  readonly factor?: number;
  /** The longest pause, in milliseconds: 0 to 2^31 - 1. Default: 60,000, or `initialMs` if that is longer. */
  readonly maximumMs?: number;
}

const DEFAULT_ATTEMPTS = 5;
const DEFAULT_JITTER = 0.5;
const DEFAULT_INITIAL_MS = 100;
const DEFAULT_FACTOR = 2;
const DEFAULT_MAXIMUM_MS = 60_000;

/** Retry options that have been checked, with their defaults. */
export class RetryPolicy {
  readonly attempts: number;
  readonly backoff: Required<BackoffOptions>;
  readonly jitter: number;

  /** @throws {InvalidConfigurationError} */
  constructor(options: RetryOptions, where: string) {
    const reader = new OptionReader(where, options, ["attempts", "backoff", "jitter"]);
    const backoff = new OptionReader(`${where}.backoff`, reader.any("backoff"), [
      "initialMs",
      "factor",
      "maximumMs",
    ]);
    const initialMs = backoff.duration("initialMs") ?? DEFAULT_INITIAL_MS;
    this.attempts = reader.wholeNumber("attempts", 1) ?? DEFAULT_ATTEMPTS;
    this.jitter = reader.numberWithin("jitter", 0, 1) ?? DEFAULT_JITTER;
    this.backoff = Object.freeze({
      initialMs,
      factor: backoff.numberWithin("factor", 1, LONGEST_DURATION_MS) ?? DEFAULT_FACTOR,
      maximumMs: backoff.duration("maximumMs") ?? Math.max(DEFAULT_MAXIMUM_MS, initialMs),
    });
    Object.freeze(this);
  }

  /** How long to wait after so many attempts, in milliseconds. */
  pauseAfter(attempt: number, clock: Clock): number {
    const { initialMs, factor, maximumMs } = this.backoff;
    // After many attempts the power is infinite, and nothing of it no number.
    const longest = initialMs === 0 ? 0 : Math.min(maximumMs, initialMs * factor ** (attempt - 1));
    return longest * (1 - this.jitter * chanceOf(clock));
  }
}

/** A clock of the user's own may say anything, or throw. */
function chanceOf(clock: Clock): number {
  try {
    const chance = clock.chance?.() ?? 0;
    return chance >= 0 && chance <= 1 ? chance : 0;
  } catch {
    return 0;
  }
}
