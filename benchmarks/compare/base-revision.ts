import { UsageError } from "../runner/bench-options.ts";

/** Asks git; nothing when it fails. */
export type AskGit = (...words: string[]) => string | undefined;

/**
 * What to compare the present state with: the revision that was asked for; the last commit when
 * busline has changes that are not committed; otherwise where the branch left `main`, or, on `main`,
 * the commit before.
 */
export function baseRevision(asked: string | undefined, git: AskGit): string {
  if (asked !== undefined) {
    const commit = commitOf(asked, git);
    if (commit === undefined) throw new UsageError(`--base must be a revision, not "${asked}"`);
    return commit;
  }
  const head = commitOf("HEAD", git);
  if (head === undefined) throw new UsageError("There is no commit to compare with");
  if (git("status", "--porcelain", "packages/busline") !== "") return head;
  const fork = git("merge-base", "HEAD", "main") ?? git("merge-base", "HEAD", "origin/main");
  if (fork !== undefined && fork !== head) return fork;
  const before = commitOf("HEAD~1", git);
  if (before === undefined) throw new UsageError("There is no commit before; name one by --base");
  return before;
}

function commitOf(revision: string, git: AskGit): string | undefined {
  return git("rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`);
}
