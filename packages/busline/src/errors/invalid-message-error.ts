import { BuslineError, nameErrorClass } from "./busline-error.ts";
import { oneLine } from "./describe-value.ts";

/** One thing that a schema found wrong, in the form of the Standard Schema specification. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/**
 * A payload or a reply does not satisfy the destination's schema, or cannot come to where its listeners run: it was
 * refused, and no listener saw it.
 */
export class InvalidMessageError extends BuslineError {
  /** Where the value was to go. */
  readonly destinationName: string;
  /** What was validated. */
  readonly part: "payload" | "reply";
  /** What the schema found, in its own words; or what cannot come there. */
  readonly issues: readonly SchemaIssue[];

  static {
    nameErrorClass(this, "InvalidMessageError");
  }

  constructor(
    destinationName: string,
    part: "payload" | "reply",
    issues: readonly SchemaIssue[],
    options?: { readonly cause?: unknown; readonly complaint?: string },
  ) {
    const complaint = options?.complaint ?? "does not fit the schema of";
    const listed = issues.map((issue) => `${pathOf(issue)}${issue.message}`).join("; ");
    super(
      "BUSLINE_INVALID_MESSAGE",
      oneLine(`The ${part} ${complaint} "${destinationName}": ${listed}`),
      options,
    );
    this.destinationName = destinationName;
    this.part = part;
    this.issues = Object.freeze([...issues]);
  }
}

function pathOf(issue: SchemaIssue): string {
  if (issue.path === undefined || issue.path.length === 0) return "";
  const steps = issue.path.map((step) => String(typeof step === "object" ? step.key : step));
  return `${steps.join(".")}: `;
}
