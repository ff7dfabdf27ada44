import { describe, expect, test } from "vitest";
import { betterSqlite3Obstacle, firstObstacle, longObstacle } from "../peers/obstacles.ts";
import { mountOf } from "../runner/mount.ts";
import { obstaclesOf } from "../runner/obstacles.ts";
import type { RunConditions } from "../scenario.ts";

const conditions: RunConditions = { node: "20.19.0", isLong: false };
const disk = { fileSystem: "ext4", device: "/dev/vda", isMemory: false };
const memory = { fileSystem: "tmpfs", device: "tmpfs", isMemory: true };

describe("benchmarks - obstacles", () => {
  test.each(["20.19.0", "22.13.9"])(
    "benchmarks - better-sqlite3 is left out on Node.js %s, with the version it needs",
    (node) => {
      expect(betterSqlite3Obstacle({ ...conditions, node })).toContain("Node.js 22.14 or later");
    },
  );

  test.each(["22.14.0", "24.1.0"])("benchmarks - and not for its version on %s", (node) => {
    expect(betterSqlite3Obstacle({ ...conditions, node }) ?? "").not.toContain("or later");
  });

  test("benchmarks - what takes minutes is for those who ask for it", () => {
    const obstacle = firstObstacle(() => undefined, longObstacle(6));
    expect(obstacle(conditions)).toBe("takes some 6 minutes: --long measures it, too");
    expect(obstacle({ ...conditions, isLong: true })).toBeUndefined();
  });

  test("benchmarks - only what has an obstacle is left out", () => {
    const obstacles = { sqlite: () => "is not there", redis: () => undefined };
    const found = obstaclesOf({ obstacles }, ["busline", "sqlite", "redis"], conditions, disk);
    expect([...found]).toEqual([["sqlite", "is not there"]]);
  });

  test("benchmarks - nobody is measured on a disk that is memory", () => {
    const names = ["busline", "lmdb"];
    const found = obstaclesOf({ isOnDisk: true }, names, conditions, memory);
    expect([...found.keys()]).toEqual(names);
    expect(found.get("lmdb")).toMatch(/^needs a disk, and .+ is a tmpfs: TMPDIR=/);
    expect(obstaclesOf({ isOnDisk: true }, names, conditions, disk).size).toBe(0);
    expect(obstaclesOf({}, names, conditions, memory).size).toBe(0);
  });

  test("benchmarks - a folder lies where the longest of the names above it is mounted", () => {
    const mounts = [
      "/dev/vda / ext4 rw 0 0",
      "tmpfs /de tmpfs rw 0 0",
      "udev /dev devtmpfs rw 0 0",
      String.raw`tmpfs /dev/a\040b tmpfs rw 0 0`,
      "",
    ].join("\n");
    expect(mountOf("/", mounts)).toEqual(disk);
    expect(mountOf("/dev", mounts)?.fileSystem).toBe("devtmpfs");
    expect(mountOf("/", "")).toBeUndefined();
  });
});
