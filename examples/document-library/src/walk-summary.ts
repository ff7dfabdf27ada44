import type { Finding } from "./walker.ts";

/** A file or folder that could not be read, and why. */
export interface Unreadable {
  readonly path: string;
  readonly reason: string;
}

/** So many are named of what could not be read; the others are counted. */
export const MOST_NAMED = 10;

/** What a walk has come upon. */
export class WalkSummary {
  fileCount = 0;
  /** Files and folders that could not even be looked at. */
  unreachableCount = 0;
  /** The first few of these. */
  readonly unreachable: Unreadable[] = [];
  /** How many links, FIFOs and so on were not read. */
  readonly leftAside = new Map<string, number>();

  note(finding: Finding): void {
    switch (finding.kind) {
      case "file":
        this.fileCount += 1;
        break;
      case "unreadable":
        this.unreachableCount += 1;
        if (this.unreachable.length < MOST_NAMED) this.unreachable.push(finding);
        break;
      case "left aside":
        this.leftAside.set(finding.what, (this.leftAside.get(finding.what) ?? 0) + 1);
        break;
    }
  }

  /** As it is written down. */
  toString(): string {
    const { fileCount, unreachableCount, unreachable, leftAside } = this;
    return JSON.stringify({
      fileCount,
      unreachableCount,
      unreachable,
      leftAside: [...leftAside],
    } satisfies WrittenSummary);
  }

  static parse(text: string): WalkSummary {
    const written = JSON.parse(text) as WrittenSummary;
    const summary = new WalkSummary();
    summary.fileCount = written.fileCount;
    summary.unreachableCount = written.unreachableCount;
    summary.unreachable.push(...written.unreachable);
    for (const [what, count] of written.leftAside) summary.leftAside.set(what, count);
    return summary;
  }
}

interface WrittenSummary {
  readonly fileCount: number;
  readonly unreachableCount: number;
  readonly unreachable: readonly Unreadable[];
  readonly leftAside: readonly (readonly [string, number])[];
}
