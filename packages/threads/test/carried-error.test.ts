import { describe, expect, test } from "vitest";
import { packError, unpackError } from "../src/carried-error.ts";

/** What comes out on the other side. */
function carried(thrown: unknown): unknown {
  return unpackError(structuredClone(packError(thrown)));
}

describe("carried error", () => {
  test("error - a DOMException keeps class, code, cause and stack", () => {
    const thrown = new DOMException("no time", "TimeoutError");
    Object.defineProperty(thrown, "cause", { value: new TypeError("late") });
    const arrived = carried(thrown);
    expect(arrived).toBeInstanceOf(DOMException);
    expect(arrived).toMatchObject({
      name: "TimeoutError",
      message: "no time",
      code: DOMException.TIMEOUT_ERR,
      stack: thrown.stack,
      cause: new TypeError("late"),
    });
  });

  test("error - of a thrown object all arrives that can be copied, and functions as their text", () => {
    const call = (): number => 1;
    const thrown: Record<string, unknown> = { a: 1, call, list: [call, { b: 2 }] };
    thrown["itself"] = thrown;
    expect(carried(thrown)).toEqual({
      a: 1,
      call: String(call),
      list: [String(call), { b: 2 }],
    });
  });

  test("error - what cannot even be read says so", () => {
    const thrown = {
      get a(): never {
        throw new Error("not to be read");
      },
    };
    expect(carried(thrown)).toBe("(the thrown value cannot be read)");
  });
});
