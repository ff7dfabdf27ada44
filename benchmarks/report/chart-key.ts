import type { FiguresOnNode } from "./scenario-row.ts";
import { type Paint, Svg } from "./svg.ts";

const size = 12;
const square = 11;

const meanings: readonly (readonly [Paint, string])[] = [
  ["ours", "busline"],
  ["limit", "limit, written by hand"],
  ["peer", "peers (the best of them)"],
];

/** What the colours mean, and which Node.js which bar is. @returns where the chart may begin */
export function chartKey(
  svg: Svg,
  left: number,
  byNode: readonly FiguresOnNode[],
  paints: readonly (readonly [Paint, string])[] = meanings,
): number {
  const y = 26;
  let x = left;
  for (const [paint, text] of paints) {
    svg.bar(x, y - square + 1, square, square, { paint });
    svg.text(x + square + 6, y, text, { size });
    x += square + 6 + Svg.widthOf(text, size) + 16;
  }
  const [upper, lower] = byNode;
  if (upper === undefined) return y;
  const text =
    lower === undefined
      ? `Node.js ${upper.major}`
      : `upper bar Node.js ${upper.major}, lower and paler Node.js ${lower.major}`;
  svg.text(x, y, text, { size, paint: "faint" });
  return y;
}
