const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"] as const;

/** 1234567 as "1,234,567". */
export function grouped(count: number): string {
  return count.toLocaleString("en");
}

/** "1 file", "1,234 files". */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** 1234567 bytes as "1.2 MB". */
export function bytes(count: number): string {
  let rest = count;
  let unit = 0;
  for (; rest >= 999.95 && unit < UNITS.length - 1; unit += 1) rest /= 1000;
  return `${unit === 0 ? grouped(rest) : rest.toFixed(1)} ${UNITS[unit]}`;
}
