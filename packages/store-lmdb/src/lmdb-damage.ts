/** Thrown to leave the check of a file from any depth of a tree. Who asked for the check never sees it. */
export class LmdbDamage extends Error {
  readonly page: number;

  constructor(page: number, problem: string) {
    super(problem);
    this.page = page;
  }
}
