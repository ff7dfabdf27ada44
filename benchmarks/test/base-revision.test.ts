import { describe, expect, test } from "vitest";
import { baseRevision } from "../compare/base-revision.ts";

/** Answers as git would; what is not listed fails. */
function gitThat(answers: Readonly<Record<string, string>>) {
  return (...words: string[]) => {
    const revision = /^(.+)\^\{commit\}$/.exec(words.at(-1) ?? "")?.[1];
    return answers[revision ?? words.slice(0, 3).join(" ")];
  };
}

const clean = { HEAD: "head", "HEAD~1": "before", "status --porcelain packages/busline": "" };
const onBranch = { ...clean, "merge-base HEAD main": "fork" };

describe("benchmarks - comparison", () => {
  test("benchmarks - a branch is compared with where it left main", () => {
    expect(baseRevision(undefined, gitThat(onBranch))).toBe("fork");
  });

  test("benchmarks - a clone that has main only as a remote branch is, too", () => {
    const remote = { ...clean, "merge-base HEAD origin/main": "fork" };
    expect(baseRevision(undefined, gitThat(remote))).toBe("fork");
  });

  test("benchmarks - main is compared with the commit before", () => {
    const onMain = { ...clean, "merge-base HEAD main": "head" };
    expect(baseRevision(undefined, gitThat(onMain))).toBe("before");
  });

  test("benchmarks - changes that are not committed are compared with the last commit", () => {
    const dirty = { ...onBranch, "status --porcelain packages/busline": " M x.ts" };
    expect(baseRevision(undefined, gitThat(dirty))).toBe("head");
  });

  test("benchmarks - the revision that is asked for goes before all that", () => {
    expect(baseRevision("v1", gitThat({ ...onBranch, v1: "tagged" }))).toBe("tagged");
    expect(() => baseRevision("v2", gitThat(onBranch))).toThrow('not "v2"');
  });
});
