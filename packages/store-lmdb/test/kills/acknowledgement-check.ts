import type { SystemCall } from "./system-calls.ts";

/** What a trace says about acknowledgements. */
export interface AcknowledgementCheck {
  readonly acknowledgements: number;
  /** How many syncs those took that they waited for. */
  readonly syncs: number;
  /** Those that came too early, with the reason. */
  readonly faults: readonly string[];
}

const LOG = /\/log-\d+$/u;
const PIPE_FILE = "3";
const ACKNOWLEDGEMENT = /accepted.*?(m\d{6}m)/su;
const MESSAGE = /m\d{6}m/gu;

/**
 * Whether for each acknowledgement that was written to the pipe its message had been written to a log, and a sync of that log
 * had begun after that and ended before the acknowledgement.
 */
export function checkAcknowledgements(calls: readonly SystemCall[]): AcknowledgementCheck {
  const written = firstWrites(calls);
  const syncs = calls.filter(({ name, path, result }) => {
    return (name === "fdatasync" || name === "fsync") && LOG.test(path) && result === 0;
  });
  const covering = new Set<SystemCall>();
  const faults: string[] = [];
  let acknowledgements = 0;
  for (const { begin, file, given, name } of calls) {
    const message = name === "write" && file === PIPE_FILE && ACKNOWLEDGEMENT.exec(given)?.[1];
    if (typeof message !== "string") continue;
    acknowledgements += 1;
    const record = written.get(message);
    if (record === undefined || record.end > begin) {
      faults.push(`${message}: was not written to a log before`);
      continue;
    }
    const sync = syncs.find((one) => {
      return one.path === record.path && one.begin > record.end && one.end < begin;
    });
    if (sync === undefined) faults.push(`${message}: no sync between its record and line ${begin}`);
    else covering.add(sync);
  }
  return { acknowledgements, syncs: covering.size, faults };
}

/** Where each message was written for the first time. */
function firstWrites(calls: readonly SystemCall[]): Map<string, SystemCall> {
  const written = new Map<string, SystemCall>();
  for (const call of calls) {
    if (call.name !== "pwrite64" || !LOG.test(call.path)) continue;
    for (const [message] of call.given.matchAll(MESSAGE)) {
      if (!written.has(message)) written.set(message, call);
    }
  }
  return written;
}
