import { writeSync } from "node:fs";

/** What a child tells its parent. */
export type ChildEvent =
  | { readonly is: "opening" }
  | { readonly is: "closed"; readonly ms: number }
  | { readonly is: "ready"; readonly ms: number; readonly recovered: number }
  | {
      readonly is: "refused";
      readonly ms: number;
      readonly code: string | undefined;
      readonly text: string;
    }
  | { readonly is: "sent"; readonly messages: readonly string[] }
  | { readonly is: "accepted"; readonly message: string }
  | { readonly is: "rejected"; readonly message: string; readonly code: string | undefined }
  | {
      readonly is: "started";
      readonly message: string;
      readonly listener: string;
      readonly attempt: number;
      readonly hash: string;
    }
  | { readonly is: "done" | "failed"; readonly message: string; readonly listener: string }
  | { readonly is: "killing"; readonly failpoint: string }
  | { readonly is: "redriven"; readonly count: number }
  | { readonly is: "paced"; readonly perSecond: number; readonly syncsPerSecond: number }
  | { readonly is: "problem"; readonly text: string }
  | {
      readonly is: "quiet";
      readonly counts: readonly QuietCounts[];
      readonly letters: readonly QuietLetter[];
    };

/** The statistics of a destination at which nothing goes on. */
export interface QuietCounts {
  readonly destination: string;
  readonly sent: number;
  readonly recovered: number;
  readonly delivered: number;
  readonly deadLettered: number;
  readonly pending: number;
  readonly active: number;
}

/** A dead letter that is kept. */
export interface QuietLetter {
  readonly message: string;
  readonly listeners: readonly string[];
  readonly attempts: number;
  readonly error: string | undefined;
  readonly code: string | undefined;
}

/** The parent's pipe. */
const PIPE = 3;

/** Tells the parent. It is in the pipe when this returns, and stays there if the process is killed then. */
export function tell(event: ChildEvent): void {
  const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
  for (let done = 0; done < bytes.length;) done += writeSync(PIPE, bytes, done);
}
