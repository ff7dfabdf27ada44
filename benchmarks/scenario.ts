/** The shapes in which messages flow; each has a folder of its own. */
export type Topology =
  | "one-to-one"
  | "one-to-ten"
  | "ten-to-one"
  | "pipeline"
  | "ping-pong"
  | "flood"
  | "mixed"
  | "threads"
  | "durable"
  | "growth"
  | "start";

/** A figure that busline has to reach: so many times what another contender of the same run reaches. */
export interface Goal {
  /** busline's own contender; default: the scenario's `ours`. */
  readonly contender?: string;
  /** The contender to be compared with; without one the bar is a figure in the metric's unit. */
  readonly against?: string;
  /** For a metric where less is better: at most so many times, or so much. 0: there is only an aim. */
  readonly bar: number;
  readonly aim?: number;
  /** What it is about. Default: the main metric. */
  readonly metric?: string;
}

/** A figure that nobody can reach honestly: a contender that does has left something out. No goal. */
export interface Check {
  readonly metric: string;
  /** More than this is too good to be true. */
  readonly most: number;
  /** What one that has more leaves out, in the report's words: "a sync". */
  readonly missing: string;
}

/** What a run is made with, for those that cannot be measured everywhere. */
export interface RunConditions {
  /** The version of the Node.js: "20.19.0". */
  readonly node: string;
  /** What takes minutes is measured too. */
  readonly isLong: boolean;
}

/** Why a contender is left out, in words that follow its name: "is not installed: …". Nothing where it can be measured. */
export type Obstacle = (conditions: RunConditions) => string | undefined;

/** What one fresh process has measured. */
export interface Sample {
  /** By metric, in the unit that `Scenario.metrics` gives. */
  readonly metrics: Readonly<Record<string, number>>;
  /** How many messages arrived, or what they add up to, and what it had to be. A difference fails the run. */
  readonly arrived: number;
  readonly expected: number;
}

/** What a metric is, for the report. */
export interface Metric {
  /** In the report's words, such as "messages a second". */
  readonly title: string;
  readonly unit: string;
  readonly better: "more" | "less";
}

/** One shape of work, done by busline, by its peers, and by a limit written by hand, each in a process of its own. */
export interface Scenario {
  /** Unique; begins with its topology: "one-to-one/burst-synchronous-listener". */
  readonly name: string;
  readonly topology: Topology;
  /** What is done, in one sentence. */
  readonly title: string;
  readonly metrics: Readonly<Record<string, Metric>>;
  /** The metric that ratios and goals are about. */
  readonly mainMetric: string;
  /** The contenders that are busline. */
  readonly ours: readonly string[];
  /** The contender that stands for what the language allows. */
  readonly limit: string | undefined;
  /** Contenders beside the limit that are written by hand too: no peers either. */
  readonly byHand?: readonly string[];
  /** What the limit does, in the report's words: "an array loop that calls the functions". */
  readonly limitTitle?: string;
  readonly goals: readonly Goal[];
  /** What has to hold for every contender that has the metric. Default: nothing. */
  readonly checks?: readonly Check[];
  /** What a reader has to know about the contenders to compare them, in whole sentences. */
  readonly note?: string;
  /** It works with files in the folder for temporary ones, so that folder has to be on a disk. */
  readonly isOnDisk?: boolean;
  /** By contender: what may keep it from being measured. */
  readonly obstacles?: Readonly<Record<string, Obstacle>>;
  /** How long a process may take. Default: five minutes. */
  readonly longestRunMs?: number;
  /** Options of Node.js that each contender's process is started with, such as "--max-old-space-size=8192". Default: none. */
  readonly nodeOptions?: readonly string[];
  /** Each does the whole work once, warm-up included, and tells what it measured. */
  readonly contenders: Readonly<Record<string, () => Promise<Sample>>>;
}
