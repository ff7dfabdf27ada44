/**
 * The scenarios of a comparison that names none, each with the first of its contenders that are
 * busline: the ways of a message that matter most, few enough for several rounds in a minute.
 */
export const shortList: readonly string[] = [
  "one-to-one/synchronous-1-listener",
  "one-to-one/burst-synchronous-listener",
  "one-to-one/steady-asynchronous-listener-concurrency-1",
  "ping-pong/request-reply-64-in-flight",
];
