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
}

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
  /** What the limit does, in the report's words: "an array loop that calls the functions". */
  readonly limitTitle?: string;
  readonly goals: readonly Goal[];
  /** Options of Node.js that each contender's process is started with, such as "--max-old-space-size=8192". Default: none. */
  readonly nodeOptions?: readonly string[];
  /** Each does the whole work once, warm-up included, and tells what it measured. */
  readonly contenders: Readonly<Record<string, () => Promise<Sample>>>;
}
