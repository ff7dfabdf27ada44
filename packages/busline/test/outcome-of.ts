import { BuslineError } from "busline";

/**
 * How a send or a request ended for its caller: "accepted", the code of busline's error, or what else was thrown.
 * Whether it was thrown at once or came as a rejection makes no difference here.
 */
export async function outcomeOf(attempt: () => unknown): Promise<unknown> {
  try {
    await attempt();
    return "accepted";
  } catch (error) {
    return error instanceof BuslineError ? error.code : error;
  }
}

/** Lets the event loop come round so many times: all that is ready to happen has happened. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
