const width = 160;
/** No figure here is steadier than this. */
const digits = 6;

/** JSON with one thing a line, but what fits into a line stays in it. Figures lose what is noise. */
export function compactJson(value: unknown, indent = ""): string {
  const line = JSON.stringify(value, withoutNoise);
  if (typeof value !== "object" || value === null || indent.length + line.length <= width) {
    return line;
  }
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => inner + compactJson(item, inner)).join(",\n")}\n${indent}]`;
  }
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => `${inner}${JSON.stringify(name)}: ${compactJson(field, inner)}`);
  return `{\n${fields.join(",\n")}\n${indent}}`;
}

function withoutNoise(_name: string, value: unknown): unknown {
  if (typeof value !== "number" || Number.isInteger(value)) return value;
  return Number(value.toPrecision(digits));
}
