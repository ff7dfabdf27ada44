import { OptionReader } from "../validation/option-reader.ts";

/** How a listener is registered. */
export interface ListenOptions {
  /** Its name in statistics and error reports. Default: the function's or the class's name, else its position. */
  readonly name?: string;
  /**
   * Publishes the outcome of each delivery (duration, error) on `DestinationNames.MESSAGE_BUS_MESSAGE_STATUS`.
   * Default: false. Refused at that destination itself.
   */
  readonly reportStatus?: boolean;
}

/** Listen options that have been checked. */
export interface CheckedListenOptions {
  readonly name: string | undefined;
  readonly reportsStatus: boolean;
  /** Part of the bus itself: its failures reach whoever sent, and nobody else. */
  readonly isInternal?: boolean;
}

/** @throws {InvalidConfigurationError} */
export function checkListenOptions(
  options: ListenOptions | undefined,
  where: string,
): CheckedListenOptions {
  const reader = new OptionReader(where, options, ["name", "reportStatus"]);
  return { name: reader.text("name"), reportsStatus: reader.boolean("reportStatus") ?? false };
}
