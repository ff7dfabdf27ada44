import type { Spread } from "./spread.ts";

/** For what was not measured. */
export const NOTHING = "–";

const scales = [
  { from: 1e9, by: 1e9, letter: "G" },
  { from: 1e6, by: 1e6, letter: "M" },
  { from: 1e4, by: 1e3, letter: "k" },
];

/** Three digits that count: "12.3M", "0.456", "-3.00". */
export function formatNumber(value: number): string {
  // What rounds up to the next scale belongs to it: 999,999 is 1.00M.
  const rounded = Number(value.toPrecision(3));
  const scale = scales.find(({ from }) => Math.abs(rounded) >= from);
  if (scale !== undefined) return `${threeDigits(rounded / scale.by)}${scale.letter}`;
  if (Math.abs(rounded) >= 1_000) return String(rounded);
  return threeDigits(rounded);
}

/** A round number, as at an axis: "10k", "0.01". */
export function formatTick(value: number): string {
  return formatNumber(value)
    .replace(/\.0+(?=\D|$)/, "")
    .replace(/(\.\d*?)0+$/, "$1");
}

/** "12.3M (11.0M–14.1M)". */
export function formatSpread(spread: Spread | undefined): string {
  if (spread === undefined) return NOTHING;
  const { median, min, max } = spread;
  return `${formatNumber(median)} (${formatNumber(min)}–${formatNumber(max)})`;
}

/** "2.13 (1.90–2.40)". */
export function formatRatio(spread: Spread | undefined): string {
  if (spread === undefined) return NOTHING;
  const { median, min, max } = spread;
  return `${ratioText(median)} (${ratioText(min)}–${ratioText(max)})`;
}

function ratioText(ratio: number): string {
  return ratio >= 100 ? formatNumber(Math.round(ratio)) : threeDigits(ratio);
}

function threeDigits(value: number): string {
  if (value === 0) return "0";
  const fixed = Number(value.toPrecision(3));
  const places = 2 - Math.floor(Math.log10(Math.abs(fixed)));
  return fixed.toFixed(Math.min(6, Math.max(0, places)));
}
