/** Where a run of several rounds stands, before one of its measurements. */
export interface Progress<Case> {
  readonly round: number;
  /** From 1 on, within the round. */
  readonly position: number;
  readonly count: number;
  readonly next: Case;
}

/**
 * Measures every case once a round, each round in an order of its own, so that what disturbs the
 * machine for a while meets all of them alike. The n-th sample of each case is of the same round.
 */
export async function runRounds<Case, Result>(
  cases: readonly Case[],
  rounds: number,
  measure: (one: Case) => Promise<Result>,
  tell: (progress: Progress<Case>) => void = () => {},
): Promise<Map<Case, Result[]>> {
  const results = new Map<Case, Result[]>(cases.map((one) => [one, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const [index, next] of shuffled(cases).entries()) {
      tell({ round, position: index + 1, count: cases.length, next });
      results.get(next)?.push(await measure(next));
    }
  }
  return results;
}

/** A copy in a random order (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], random: () => number = Math.random): Item[] {
  const left = [...items];
  const order: Item[] = [];
  while (left.length > 0) {
    order.push(...left.splice(Math.floor(random() * left.length), 1));
  }
  return order;
}
