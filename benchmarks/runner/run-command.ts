import { UsageError } from "./bench-options.ts";

/** Runs a command; a wrong use of it ends with code 2 and a failure with code 1, in plain words. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    process.exitCode = error instanceof UsageError ? 2 : 1;
    console.error(error instanceof Error ? error.message : error);
  }
}
