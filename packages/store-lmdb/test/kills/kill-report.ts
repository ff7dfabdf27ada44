import { Duplicates } from "./duplicates.ts";
import { acceptedIn, deliveredIn, faultsOfDelivery } from "./equations.ts";
import type { KillRig } from "./kill-rig.ts";
import { faultsOfOrder } from "./order-check.ts";

const MOST_FAULTS = 40;

/** What has come of a run. */
export class KillReport {
  /** What was not as it must be: the first ones of it. */
  readonly faults: readonly string[];
  readonly duplicates: number;
  readonly #rig: KillRig;
  readonly #worst: string;
  readonly #faultCount: number;

  constructor(rig: KillRig) {
    const { ledger } = rig;
    const duplicates = new Duplicates(ledger);
    const faults = [
      ...ledger.faults,
      ...faultsOfDelivery(ledger),
      ...duplicates.faults,
      ...faultsOfOrder(ledger),
      ...faultsOfRemains(rig),
    ];
    this.#rig = rig;
    this.#worst = `by one kill at one destination at most ${duplicates.worst}, after which at most ${duplicates.mostBegunAfter} calls began`;
    this.duplicates = duplicates.total;
    this.#faultCount = faults.length;
    this.faults = faults.slice(0, MOST_FAULTS);
  }

  /** What was planned and did not happen, so that the run proves less than it says. */
  missed(plannedKills: number): string[] {
    const { kills, planned } = this.#rig;
    const missed = [...planned].filter(([name, times]) => reached(this.#rig, name) < times);
    return [
      ...(kills < plannedKills ? [`vacuous: ${kills} kills of ${plannedKills}`] : []),
      ...missed.map(
        ([name, times]) => `vacuous: "${name}": ${reached(this.#rig, name)} of ${times}`,
      ),
    ];
  }

  get text(): string {
    const { deepestNesting, kills, ledger, loadedMs, planned, remains, startUpKills } = this.#rig;
    const accepted = acceptedIn(ledger);
    const delivered = deliveredIn(ledger);
    const sent = ledger.lives.reduce((sum, life) => sum + life.sent, 0);
    const answered = ledger.lives.reduce((sum, life) => sum + life.answered, 0);
    const rejected = [...ledger.rejections].map(([code, times]) => `${code} ${times}`);
    const per = (10_000 * this.duplicates) / Math.max(1, delivered);
    const opened = ledger.lives.flatMap(({ ready }) => ready ?? []);
    const times = opened.map(({ ms }) => ms).toSorted((one, other) => one - other);
    const most = Math.max(0, ...opened.map(({ recovered }) => recovered));
    return [
      `seed ${ledger.seed}, Node.js ${process.version}`,
      `${kills} kills (${startUpKills} before the bus was ready, up to ${deepestNesting} in a row)`,
      `${sent} sends, ${sent - answered} of them without an answer, rejected: ${rejected.join(", ") || 0}`,
      `${accepted} accepted (${Math.round((1_000 * accepted) / loadedMs)} a second)`,
      `${delivered} deliveries, ${this.duplicates} duplicates (${per.toFixed(2)} per 10,000; ${this.#worst})`,
      `${ledger.letters.length} dead letters: ${JSON.stringify(ledger.letters.slice(0, 5))}`,
      `recovery: median ${at(times, 0.5)} ms, 95 % ${at(times, 0.95)} ms, most ${at(times, 1)} ms, with up to ${most} messages waiting`,
      `failpoints: ${[...planned].map(([name, count]) => `${name} ${reached(this.#rig, name)}/${count}`).join(", ")}`,
      `left in the store: ${JSON.stringify(remains)}`,
      `${this.#faultCount} faults`,
      ...this.faults,
    ].join("\n  ");
  }
}

function reached(rig: KillRig, name: string): number {
  return rig.reached.get(name) ?? 0;
}

/** Nothing is left of messages but dead letters, and the ids that were seen. */
function faultsOfRemains({ ledger, remains }: KillRig): string[] {
  if (remains === undefined) return ["nobody has looked into the store"];
  const { delayed, messages, others, seenIds, seenIdTimes, states } = remains;
  const isEmpty = delayed === 0 && states === 0 && others === 0;
  const isRight = messages === ledger.letters.length && seenIds === seenIdTimes;
  return isEmpty && isRight ? [] : [`the store is not empty: ${JSON.stringify(remains)}`];
}

function at(times: readonly number[], share: number): number {
  return Math.round(times[Math.ceil(share * times.length) - 1] ?? 0);
}
