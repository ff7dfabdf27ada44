import { InvalidConfigurationError } from "../errors/invalid-configuration-error.ts";

const GRAMMAR = /^[A-Za-z0-9._/-]{1,255}$/;

/**
 * Checks a destination's name: 1 to 255 of the characters A-Z, a-z, 0-9, `.`, `_`, `-` and `/`. No two names look
 * alike, and none can break a line of a log, a path or a broker's subject. The custom is `vendor/name`.
 */
export function checkDestinationName(
  name: unknown,
  where: string,
  attribute = "destinationName",
): string {
  if (typeof name === "string" && GRAMMAR.test(name)) return name;
  throw new InvalidConfigurationError({
    where,
    attribute,
    value: name,
    allowed: "1 to 255 of the characters A-Z a-z 0-9 . _ - /",
  });
}
