import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));

/**
 * For a script: does not hold the process by itself, and tells whether something else has held it so long. No sleep: where
 * nothing holds it, the process ends at once, and the timer never fires.
 */
export const IF_HELD = `
  const ifHeld = () => setTimeout(() => {
    console.log("held");
    process.exit(7);
  }, 300).unref();`;

/** What it tells then. */
export const HELD = { exit: 7, lines: ["held"] };

/** Runs a script, which may import "busline", in a process of its own. */
export function runScript(
  source: string,
): Promise<{ readonly exit: unknown; readonly lines: string[] }> {
  const flags = ["--import", "tsx", "--conditions=@busline/source", "--input-type=module"];
  return new Promise((resolve) => {
    const options = { cwd: packageFolder, timeout: 20_000 };
    execFile(process.execPath, [...flags, "--eval", source], options, (error, stdout) => {
      resolve({ exit: error?.code ?? 0, lines: stdout.split("\n").filter((line) => line !== "") });
    });
  });
}
