/**
 * The destinations that stand ready on every bus, each tuned for its purpose and sealed: sending and listening are free,
 * modifying, replacing and removing are refused.
 */
export const DestinationNames: {
  /** Deployment events, in order. Serial. */
  readonly HOT_DEPLOY: "liferay/hot_deploy";
  /** Replies to requests. Synchronous, so that a reply reaches its request in the replier's turn. */
  readonly MESSAGE_BUS_DEFAULT_RESPONSE: "liferay/message_bus/default_response";
  /** Outcomes of listeners that were registered with `reportStatus: true`. Parallel; when full, the oldest gives way. */
  readonly MESSAGE_BUS_MESSAGE_STATUS: "liferay/message_bus/message_status";
} = Object.freeze({
  HOT_DEPLOY: "liferay/hot_deploy",
  MESSAGE_BUS_DEFAULT_RESPONSE: "liferay/message_bus/default_response",
  MESSAGE_BUS_MESSAGE_STATUS: "liferay/message_bus/message_status",
});
