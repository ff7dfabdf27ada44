import { expect, test } from "vitest";
import { Audit, type AuditEntry } from "../src/audit.ts";
import { WalkSummary } from "../src/walk-summary.ts";

const file = { kind: "file", path: "a", size: 1, mtimeMs: 0 } as const;
const waiting = { kind: "waiting", messageCount: 1 } as const;
const recovered = { kind: "recovered", path: "a", size: 1 } as const;
const indexed = { kind: "indexed", path: "a", size: 1 } as const;
const notRead = { kind: "not read", path: "a", reason: "it has vanished" } as const;
const notReadBefore = { kind: "not read before", path: "a", reason: "it has vanished" } as const;
const twice = { kind: "twice", path: "a" } as const;
const end = { kind: "end of walk" } as const;

function auditOf(...entries: readonly AuditEntry[]): Audit {
  const audit = new Audit();
  for (const entry of entries) audit.record(entry);
  return audit;
}

// One file, of which an earlier run has left a message, a record, or both.
test.each<[string, readonly AuditEntry[], number]>([
  ["is indexed", [waiting, indexed], 1],
  ["cannot be read", [waiting, notRead], 0],
  ["has been read, but its message has not ended", [waiting, recovered, twice], 1],
  ["could not be read, and its message has not ended", [waiting, notReadBefore, notRead], 0],
  ["could not be read, and can be now", [waiting, notReadBefore, indexed], 1],
  ["is found anew before it is indexed", [waiting, file, twice, indexed], 1],
  ["is found anew, and indexed before that is known", [waiting, file, indexed, twice], 1],
  ["is found anew, and both messages are delivered", [waiting, file, indexed, twice], 1],
  ["could not be sent, and then could", [file, { kind: "not sent", path: "a" }, file, indexed], 1],
])("audit - counts a file once that %s", (_, entries, indexedCount) => {
  const audit = auditOf(...entries, end);
  expect(audit.objections).toEqual([]);
  expect([
    audit.foundCount,
    audit.indexedCount,
    audit.unreadableCount,
    audit.onTheirWayCount,
  ]).toEqual([1, indexedCount, 1 - indexedCount, 0]);
  expect(audit.isBalanced).toBe(true);
});

test.each<[string, readonly AuditEntry[]]>([
  ["is found twice", [file, file, indexed]],
  ["is indexed twice", [file, indexed, indexed]],
  ["is read twice", [file, indexed, twice]],
  ["was never found", [notRead]],
])("audit - objects to a file that %s", (_, entries) => {
  expect(auditOf(...entries, end).isBalanced).toBe(false);
});

test("audit - misses a file that a walk has counted and nobody has heard of", () => {
  const summary = new WalkSummary();
  summary.note(file);
  expect(auditOf(recovered, { kind: "end of walk", summary }).isBalanced).toBe(true);
  expect(auditOf({ kind: "end of walk", summary }).isBalanced).toBe(false);
});
