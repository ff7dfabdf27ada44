import { isThenable } from "./thenable.ts";
import { InvalidMessageError, type SchemaIssue } from "../errors/invalid-message-error.ts";

/**
 * A validator in the form of the Standard Schema specification, version 1 (standardschema.dev): zod, valibot, arktype
 * and others offer it. Written down here so that busline needs no dependency for it.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** Whether a value has the form of a schema. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: unknown = Reflect.get(value, "~standard");
  return (
    typeof standard === "object" &&
    standard !== null &&
    typeof Reflect.get(standard, "validate") === "function"
  );
}

/**
 * Validates a payload or a reply.
 *
 * @returns what the schema made of the value; a {@link ValidationGoingOn} if the schema is asynchronous
 * @throws {InvalidMessageError} with the schema's issues, or with the cause where the schema itself threw
 */
export function validate(
  schema: StandardSchema,
  value: unknown,
  destinationName: string,
  part: "payload" | "reply",
): unknown {
  let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
  try {
    result = schema["~standard"].validate(value);
  } catch (cause) {
    throw schemaThrew(cause, destinationName, part);
  }
  if (!isThenable(result)) return outputOf(result, destinationName, part);
  return new ValidationGoingOn(
    Promise.resolve(result).then(
      (settled) => outputOf(settled, destinationName, part),
      (cause: unknown) => {
        throw schemaThrew(cause, destinationName, part);
      },
    ),
  );
}

/** A validation that takes time. Of a class of its own, since a validated value may itself be a promise. */
export class ValidationGoingOn {
  readonly promise: Promise<unknown>;

  constructor(promise: Promise<unknown>) {
    this.promise = promise;
  }
}

function outputOf(
  result: SchemaResult<unknown>,
  destinationName: string,
  part: "payload" | "reply",
): unknown {
  if (typeof result !== "object" || result === null) {
    throw new InvalidMessageError(destinationName, part, [
      { message: "the schema gave no result" },
    ]);
  }
  if (result.issues !== undefined)
    throw new InvalidMessageError(destinationName, part, result.issues);
  return result.value;
}

function schemaThrew(
  cause: unknown,
  destinationName: string,
  part: "payload" | "reply",
): InvalidMessageError {
  return new InvalidMessageError(destinationName, part, [{ message: "the schema itself threw" }], {
    cause,
  });
}
