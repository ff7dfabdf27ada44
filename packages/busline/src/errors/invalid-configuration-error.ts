import { BuslineError, nameErrorClass } from "./busline-error.ts";
import { describeValue, oneLine } from "./describe-value.ts";

/** What is wrong, where, and what is allowed there. */
export interface ConfigurationFault {
  /** What was being configured, such as `DestinationConfiguration "acme/orders"`. */
  readonly where: string;
  /** The option or attribute, such as `maximumQueueSize`. */
  readonly attribute: string;
  /** The value that was given. */
  readonly value: unknown;
  /** What is allowed, as the end of the sentence "must be …". */
  readonly allowed: string;
  /** The value may be a secret: the text names its type only. */
  readonly isPrivate?: boolean;
}

/** An option, an attribute, a name or a listener is not what is allowed there. Nothing has been changed. */
export class InvalidConfigurationError extends BuslineError {
  /** The option or attribute that is wrong. */
  readonly attribute: string;
  /** The value that was given. */
  readonly value: unknown;
  /** What is allowed. */
  readonly allowed: string;

  static {
    nameErrorClass(this, "InvalidConfigurationError");
  }

  constructor(fault: ConfigurationFault, options?: { readonly cause?: unknown }) {
    const { where, attribute, value, allowed, isPrivate = false } = fault;
    const found = isPrivate ? `a ${typeof value}` : describeValue(value);
    super(
      "BUSLINE_INVALID_CONFIGURATION",
      oneLine(`${where}: ${attribute} must be ${allowed}, but is ${found}.`),
      options,
    );
    this.attribute = attribute;
    this.value = value;
    this.allowed = allowed;
    // A hostile value must not run code, nor a long one fill the screen, when the error is printed.
    Object.defineProperty(this, "value", { enumerable: false });
  }
}
