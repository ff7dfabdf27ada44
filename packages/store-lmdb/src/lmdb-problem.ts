/** What is wrong with a file of LMDB, and on which of its pages. */
export interface LmdbProblem {
  readonly problem: string;
  readonly page: number;
}
