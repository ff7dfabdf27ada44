import { parseArgs } from "node:util";

/** What the person at the terminal asked for. */
export interface BenchOptions {
  /** Beginnings of scenario names; none means all scenarios. */
  readonly scopes: readonly string[];
  readonly rounds: number;
  /** Versions or paths of further Nodes, measured in the same rounds as the present one. */
  readonly nodes: readonly string[];
  /** Only these contenders; none means all. */
  readonly contenders: readonly string[];
  /** Measure what takes minutes, too. */
  readonly isLong: boolean;
  /** Run each contender once with a tiny amount of work and look only at its count. */
  readonly isCheck: boolean;
}

/** A mistake of the person at the terminal: told in one line, without a stack. */
export class UsageError extends Error {}

const usage =
  "allowed: --scope NAME, --rounds N, --node VERSION-OR-PATH, --contenders A,B, --long and --check";

export function parseBenchOptions(words: readonly string[]): BenchOptions {
  const { values } = parse(words);
  return {
    scopes: listOf(values.scope),
    rounds: roundsOf(values.rounds),
    nodes: listOf(values.node),
    contenders: listOf(values.contenders),
    isLong: values.long,
    isCheck: values.check,
  };
}

/** The parts of options that may be repeated and may each hold several, with commas between. */
export function listOf(given: readonly string[] | undefined): string[] {
  return (given ?? []).flatMap((part) => part.split(",").filter((name) => name !== ""));
}

/** What parseArgs threw, as a mistake of the person at the terminal. */
export function usageErrorOf(error: unknown, allowed: string): UsageError {
  const text = error instanceof Error ? error.message : String(error);
  return new UsageError(`${text.split(". ")[0]?.replaceAll("\n", " ")}; ${allowed}`);
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        scope: { type: "string", multiple: true },
        rounds: { type: "string", default: "5" },
        node: { type: "string", multiple: true },
        contenders: { type: "string", multiple: true },
        long: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw usageErrorOf(error, usage);
  }
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 100) return rounds;
  throw new UsageError(`--rounds must be an integer from 1 to 100, not "${text}"`);
}
