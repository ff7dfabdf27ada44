import type { Account, Ledger } from "./ledger.ts";
import { ATTEMPTS, RIG_DESTINATIONS } from "./rig-destinations.ts";

/** What of a run is not as the equations of delivery demand; those of order and of duplicates stand elsewhere. */
export function faultsOfDelivery(ledger: Ledger): string[] {
  return [
    ...faultsOfAnswers(ledger),
    ...[...ledger.accounts.values()].flatMap((account) => faultsOfMessage(account, ledger)),
    ...faultsOfLetters(ledger),
    ...faultsOfStatistics(ledger),
  ];
}

/** How many were accepted. */
export function acceptedIn(ledger: Ledger): number {
  return [...ledger.accounts.values()].filter(({ acceptedTimes }) => acceptedTimes > 0).length;
}

/** How many listeners were done with a message, those that were so more than once counted once. */
export function deliveredIn(ledger: Ledger): number {
  const counts = [...ledger.accounts.values()].map(({ calls }) => {
    return [...calls.values()].filter((some) => isDone(some)).length;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

/** E1: every send is answered, unless the process was killed. */
function faultsOfAnswers({ lives }: Ledger): string[] {
  return lives
    .filter(({ answered, isKilled, sent }) => sent < answered || (!isKilled && sent !== answered))
    .map(({ answered, number, sent }) => `E1: life ${number}: ${sent} sends, ${answered} answers`);
}

/** E2, E3, and attempts. */
function faultsOfMessage(account: Account, { letters }: Ledger): string[] {
  const { acceptedTimes, calls, message, rejectedTimes, sentTimes } = account;
  const faults: string[] = [];
  if (rejectedTimes > 0 && rejectedTimes === sentTimes && calls.size > 0) {
    faults.push(`E3: ${message.name}: was rejected, and delivered`);
  }
  const { listeners = [] } = RIG_DESTINATIONS[message.destination] ?? {};
  for (const listener of listeners) {
    const some = calls.get(listener) ?? [];
    const isOver =
      isDone(some) ||
      letters.some(
        (letter) => letter.message === message.name && letter.listeners.includes(listener),
      );
    if (acceptedTimes > 0 && !isOver) {
      faults.push(`E2: ${message.name}: accepted, and lost for ${listener} (${describe(some)})`);
    }
    // What a process has begun with must be finished, accepted or not: it lay in the store.
    if (acceptedTimes === 0 && calls.size > 0 && !isOver) {
      faults.push(`E2: ${message.name}: begun, and lost for ${listener} (${describe(some)})`);
    }
    const most = some.at(-1)?.attempt ?? 0;
    if (most > ATTEMPTS) faults.push(`attempts: ${message.name} at ${listener}: ${most}`);
  }
  return faults;
}

/** A letter is one of a message that was sent, and has used up its attempts. */
function faultsOfLetters({ accounts, letters }: Ledger): string[] {
  return letters
    .filter(({ attempts, message }) => attempts !== ATTEMPTS || !accounts.has(message))
    .map((letter) => `letters: ${JSON.stringify(letter)}`);
}

/** E8: what the last child says of itself is what it has done. */
function faultsOfStatistics({ accounts, counts, letters, lives }: Ledger): string[] {
  const last = lives.at(-1)?.number;
  const faults: string[] = [];
  for (const one of counts) {
    const { active, deadLettered, delivered, destination, pending, recovered, sent } = one;
    if (RIG_DESTINATIONS[destination] === undefined) {
      if (pending !== letters.length) faults.push(`E8: ${JSON.stringify(one)}`);
      continue;
    }
    const isQuiet = pending === 0 && active === 0;
    if (!isQuiet || sent !== recovered || sent !== delivered + deadLettered) {
      faults.push(`E8: ${JSON.stringify(one)}`);
    }
    const done = [...accounts.values()].filter(({ calls, message }) => {
      if (message.destination !== destination) return false;
      if (letters.some((letter) => letter.message === message.name)) return false;
      return [...calls.values()].some((some) => some.at(-1)?.life === last);
    });
    const count = done.length;
    if (count !== delivered) faults.push(`E8: ${count} done, and ${JSON.stringify(one)}`);
  }
  return faults;
}

function isDone(calls: readonly { readonly end: string | undefined }[]): boolean {
  return calls.some(({ end }) => end === "done");
}

function describe(calls: readonly object[]): string {
  return calls.length === 0 ? "never begun" : JSON.stringify(calls);
}
