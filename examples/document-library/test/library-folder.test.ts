import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { expect, test } from "vitest";
import { parseArguments, UsageError } from "../src/arguments.ts";
import { LibraryFolder } from "../src/library-folder.ts";
import { WalkSummary } from "../src/walk-summary.ts";
import { Tree } from "./tree.ts";

function subject(
  tree: Tree,
  name: string,
  ...excluded: readonly string[]
): Parameters<typeof LibraryFolder.open>[1] {
  return { folder: tree.at(name), excluded: new Set(excluded) };
}

test("library folder - refuses to be where something else is", async () => {
  using tree = new Tree();
  for (const folder of ["read", "other", "old"]) mkdirSync(tree.at(folder));
  tree.write("read/file", "message");
  tree.write("full/documents/file", "message");
  await LibraryFolder.open(tree.at("own"), subject(tree, "read"));
  await LibraryFolder.open(tree.at("old"), subject(tree, "read"));
  renameSync(tree.at("old"), tree.at("new"));
  const refusals = [
    ["read/file", subject(tree, "read"), "it is not a folder"],
    ["read/file/below", subject(tree, "read"), "it is not a folder"],
    ["full", subject(tree, "read"), "there is something else in it"],
    ["read", subject(tree, "read"), "it holds what is to be read"],
    ["", subject(tree, "read"), "it holds what is to be read"],
    ["own", subject(tree, "other"), "it is the library of ROOT/read"],
    ["own", subject(tree, "read", "x"), "it is the library of ROOT/read with nothing left out"],
    ["new", subject(tree, "read"), "it was made as ROOT/old and has been moved"],
  ] as const;
  for (const [place, of, why] of refusals) {
    const error = await LibraryFolder.open(tree.at(place), of).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message.replaceAll(tree.root, "ROOT")).toBe(
      `cannot keep a library in ${`ROOT/${place}`.replace(/\/$/, "")}: ${why}`,
    );
  }
  expect(readdirSync(tree.at("full"))).toEqual(["documents"]);
});

test("library folder - is known again, and keeps what the walk came upon", async () => {
  using tree = new Tree();
  tree.write("read/file", "message");
  const made = await LibraryFolder.open(tree.at("read/deep/own"), subject(tree, "read", "x"));
  expect([made.pathWithin, await made.walk()]).toEqual(["deep/own", undefined]);
  const summary = new WalkSummary();
  summary.note({ kind: "file", path: "file", size: 7, mtimeMs: 1 });
  summary.note({ kind: "left aside", path: "link", what: "symbolic link" });
  summary.note({ kind: "unreadable", path: "closed", reason: "permission denied" });
  await made.keepWalk(summary);
  tree.write("read/deep/own/documents/a.json.1.unfinished", "{");
  const again = await LibraryFolder.open(tree.at("read/deep/own"), subject(tree, "read", "x"));
  await again.tidy();
  expect(await again.walk()).toEqual(summary);
  expect(readdirSync(again.path).toSorted()).toEqual(["documents", "library.json", "walk.json"]);
  expect(readdirSync(again.documents)).toEqual([]);
  await again.forgetWalk();
  expect(await again.walk()).toBe(undefined);
  const beside = await LibraryFolder.open(tree.at("beside"), subject(tree, "read"));
  expect(beside.pathWithin).toBe(undefined);
});

test("arguments - the folder of a library stands behind =, so that it is not taken for the one to read", () => {
  expect(parseArguments(["--durable", "docs"])).toMatchObject({ durable: true, folder: "docs" });
  expect(parseArguments(["docs", "--durable=own"])).toMatchObject({
    durable: "own",
    folder: "docs",
  });
  expect(() => parseArguments(["--durable="])).toThrow(UsageError);
});
