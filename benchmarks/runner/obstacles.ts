import { tmpdir } from "node:os";
import type { RunConditions, Scenario } from "../scenario.ts";
import { type Mount, mountOf } from "./mount.ts";

/** What keeps contenders of a scenario from being measured, by their names: in words that follow them. */
export function obstaclesOf(
  { isOnDisk = false, obstacles = {} }: Pick<Scenario, "isOnDisk" | "obstacles">,
  contenders: readonly string[],
  conditions: RunConditions,
  mount: Mount | undefined = mountOf(tmpdir()),
): Map<string, string> {
  const found = new Map<string, string>();
  for (const contender of contenders) {
    const obstacle = isOnDisk && mount?.isMemory === true ? inMemory(mount) : undefined;
    const reason = obstacle ?? obstacles[contender]?.(conditions);
    if (reason !== undefined) found.set(contender, reason);
  }
  return found;
}

/** There a sync costs nothing, and says nothing. */
function inMemory({ fileSystem }: Mount): string {
  return `needs a disk, and ${tmpdir()} is a ${fileSystem}: TMPDIR=/var/tmp, say, names another folder`;
}
