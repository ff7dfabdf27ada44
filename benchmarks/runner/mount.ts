import { readFileSync, realpathSync } from "node:fs";

/** Where a folder lies. */
export interface Mount {
  /** As the system calls it: "ext4". */
  readonly fileSystem: string;
  /** "/dev/vda". */
  readonly device: string;
  /** It lies in memory: what is there has never been on a disk. */
  readonly isMemory: boolean;
}

const inMemory: ReadonlySet<string> = new Set(["tmpfs", "ramfs"]);

/** @returns nothing where the system does not tell, as others than Linux do not */
export function mountOf(folder: string, mounts: string = readMounts()): Mount | undefined {
  const target = realpathSync(folder);
  let found: Mount | undefined;
  let longest = -1;
  for (const line of mounts.split("\n")) {
    const [device = "", encoded = "", fileSystem = ""] = line.split(" ");
    // A blank in a name is written as an octal number.
    const point = encoded.replaceAll(/\\([0-7]{3})/g, (_, code: string) =>
      String.fromCodePoint(Number.parseInt(code, 8)),
    );
    const isAbove = point === "/" || target === point || target.startsWith(`${point}/`);
    // What is mounted later hides what was there.
    if (point === "" || !isAbove || point.length < longest) continue;
    longest = point.length;
    found = { fileSystem, device, isMemory: inMemory.has(fileSystem) };
  }
  return found;
}

function readMounts(): string {
  try {
    return readFileSync("/proc/self/mounts", "utf8");
  } catch {
    return "";
  }
}
