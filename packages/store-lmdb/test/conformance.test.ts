import { type StoreConformanceSubject, storeConformance } from "busline/testing";
import { describe, expect, test } from "vitest";
import { LmdbStore } from "../src/lmdb-store.ts";
import { inlineStore, newFolder, SMALL } from "./store-fixture.ts";

/** Stores in folders of their own. */
function subject(make: (folder: string) => LmdbStore): StoreConformanceSubject {
  return { create: () => make(newFolder()), reopen: ({ name }) => make(name) };
}

describe("conformance", { timeout: 30_000 }, () => {
  test.each(storeConformance)("store - $name", async ({ run }) => {
    await expect(run(subject((folder) => new LmdbStore(folder)))).resolves.toBeUndefined();
  });

  test.each(storeConformance)("store, folded all the time - $name", async ({ run }) => {
    await expect(
      run(subject((folder) => inlineStore(folder, { limits: SMALL }))),
    ).resolves.toBeUndefined();
  });
});
