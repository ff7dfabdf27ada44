export { MessageBus, type CloseOptions } from "./send/message-bus.ts";
export type {
  AnyContracts,
  DestinationContract,
  DestinationContracts,
  NameIn,
  PayloadOf,
  PreconfiguredContracts,
  ReplyOf,
} from "./send/destination-contracts.ts";
export type { Schedule } from "./send/schedule.ts";
export type { ScheduledRun, ScheduleOptions } from "./send/schedule-options.ts";
export type { SendOptions } from "./message/send-options.ts";
export type { Headers } from "./message/headers.ts";
export type { Message } from "./message/message.ts";

export type { MessageBusOptions } from "./bus/bus-options.ts";
export type { MessageBusEventListener } from "./bus/message-bus-event-listener.ts";

export type { Destination } from "./destination/destination.ts";
export { DestinationConfiguration } from "./destination/destination-configuration.ts";
export type { DestinationAttributes } from "./destination/destination-attributes.ts";
export type { DeadLetters, RedriveOptions, RedriveReport } from "./destination/dead-letters.ts";
export type { CloseReport } from "./destination/close-report.ts";
export type { DestinationEventListener } from "./destination/destination-event-listener.ts";
export type { DeadLetter, DeadLetterFilter } from "./destination/dead-letter.ts";
export { DeadLetterHeaders } from "./destination/dead-letter-headers.ts";
export { DestinationNames } from "./destination/destination-names.ts";
export type { DestinationType, DestinationTypeFactory } from "./destination/destination-type.ts";
export type { BackoffOptions, RetryOptions, RetryPolicy } from "./destination/retry-policy.ts";
export type { MessageStatus } from "./destination/message-status.ts";

export type { MessageQueue } from "./queue/message-queue.ts";
export { FifoQueue } from "./queue/fifo-queue.ts";
export type { RejectedExecutionHandler } from "./queue/rejected-execution-handler.ts";
export type { Rejection, RejectionReason } from "./queue/rejection.ts";
export { abort } from "./queue/abort-handler.ts";
export { callerRuns } from "./queue/caller-runs-handler.ts";
export { discard } from "./queue/discard-handler.ts";
export { discardOldest } from "./queue/discard-oldest-handler.ts";
export { waitForSpace, type WaitForSpaceOptions } from "./queue/wait-for-space-handler.ts";
export { divertTo } from "./queue/divert-to-handler.ts";

export type { DiscardReason } from "./worker/delivery-host.ts";
export { notBegun } from "./worker/worker-placement.ts";
export type {
  PlacedContext,
  PlacedDestination,
  PlacedReceiver,
  PlacedSizes,
  PlacedWorkers,
  WorkerPlacement,
} from "./worker/worker-placement.ts";

export type { ListenOptions } from "./listener/listen-options.ts";
export type {
  MessageListener,
  MessageListenerFunction,
  MessageListenerObject,
} from "./listener/message-listener.ts";
export type { MessageListenerContext } from "./listener/message-listener-context.ts";
export type { Registration } from "./listener/registration.ts";

export type { RequestOptions } from "./reply/request-options.ts";

export type { BusStatistics } from "./statistics/bus-statistics.ts";
export type {
  DestinationStatistics,
  ListenerStatistics,
  MessageCounts,
  WorkerCounts,
} from "./statistics/destination-statistics.ts";

export type { MessageTrace } from "./diagnostics/channels.ts";
export type { ErrorHook, FailureContext, Logger } from "./diagnostics/failure-reporter.ts";
export type { Clock, Timer } from "./clock/clock.ts";
export type { Reading } from "./clock/reading.ts";
export type { PayloadCodec } from "./store/payload-codec.ts";
export type {
  Durability,
  MessageStore,
  ReadLimits,
  StoreChange,
  StoreEntry,
  StoreRange,
} from "./store/message-store.ts";
export { OptionReader } from "./validation/option-reader.ts";
export type { StandardSchema } from "./validation/standard-schema.ts";

export { BuslineError } from "./errors/busline-error.ts";
export type { BuslineErrorCode } from "./errors/error-catalogue.ts";
export { AbortError } from "./errors/abort-error.ts";
export { AttemptsExhaustedError } from "./errors/attempts-exhausted-error.ts";
export { BusClosedError } from "./errors/bus-closed-error.ts";
export { DeadLetterError } from "./errors/dead-letter-error.ts";
export { DuplicateDestinationError } from "./errors/duplicate-destination-error.ts";
export { InvalidConfigurationError } from "./errors/invalid-configuration-error.ts";
export { InvalidMessageError, type SchemaIssue } from "./errors/invalid-message-error.ts";
export { ListenerFailedError } from "./errors/listener-failed-error.ts";
export { ListenerNotLoadedError } from "./errors/listener-not-loaded-error.ts";
export { ListenerTimeoutError } from "./errors/listener-timeout-error.ts";
export { NoListenerError } from "./errors/no-listener-error.ts";
export {
  RejectedExecutionError,
  type RejectedExecutionCode,
} from "./errors/rejected-execution-error.ts";
export { RequestTimeoutError } from "./errors/request-timeout-error.ts";
export { SealedDestinationError } from "./errors/sealed-destination-error.ts";
export { StoreError, type StoreErrorCode } from "./errors/store-error.ts";
export { WorkerLostError } from "./errors/worker-lost-error.ts";
export { UnknownDestinationError } from "./errors/unknown-destination-error.ts";
