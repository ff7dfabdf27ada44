import { installedVersion } from "../runner/installed-version.ts";
import type { Obstacle } from "../scenario.ts";
import { redisServerVersion } from "./redis-server.ts";

/** Its engines say 22; on what has no Node-API 10 it brings the process down when it is loaded. */
const SQLITE_NODE = [22, 14] as const;

export const betterSqlite3Obstacle: Obstacle = ({ node }) => {
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const [leastMajor, leastMinor] = SQLITE_NODE;
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    return `needs Node.js ${SQLITE_NODE.join(".")} or later, and crashes on an older one`;
  }
  if (installedVersion("better-sqlite3") !== undefined) return undefined;
  return "is not installed, as npm leaves it out on an older Node.js: npx -y -p node@24 -c 'npm install'";
};

export const redisObstacle: Obstacle = () =>
  redisServerVersion() === undefined
    ? "needs redis-server, which is not installed: apt-get install redis-server"
    : undefined;

/** For what takes minutes. */
export function longObstacle(minutes: number): Obstacle {
  return ({ isLong }) =>
    isLong ? undefined : `takes some ${minutes} minutes: --long measures it, too`;
}

/** The first that there is of several. */
export function firstObstacle(...obstacles: readonly Obstacle[]): Obstacle {
  return (conditions) => {
    for (const obstacle of obstacles) {
      const found = obstacle(conditions);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
