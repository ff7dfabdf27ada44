/** What a shape or a text is, which decides its colour. */
export type Paint = "text" | "faint" | "ours" | "peer" | "limit" | "behind" | "line" | "axis";

const light: Readonly<Record<Paint, string>> = {
  text: "#1f2328",
  faint: "#59636e",
  ours: "#0969da",
  peer: "#818b98",
  limit: "#1a7f37",
  behind: "#bc4c00",
  line: "#d1d9e0",
  axis: "#59636e",
};
const dark: Readonly<Record<Paint, string>> = {
  text: "#f0f6fc",
  faint: "#9198a1",
  ours: "#4493f8",
  peer: "#767e89",
  limit: "#3fb950",
  behind: "#f0883e",
  line: "#3d444d",
  axis: "#9198a1",
};
const paper = { light: "#ffffff", dark: "#0d1117" };
const font = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";
/** Wider than an average letter is in most fonts, in parts of its size. */
const letterWidth = 0.64;

export interface TextOptions {
  readonly paint?: Paint;
  readonly size?: number;
  readonly anchor?: "start" | "middle" | "end";
  readonly bold?: boolean;
}

export interface BarOptions {
  readonly paint: Paint;
  /** Paler, as the second of a pair. */
  readonly isSecond?: boolean;
}

/** A drawing that is put together from top to bottom and knows how to be read on white and on black. */
export class Svg {
  readonly #width: number;
  readonly #title: string;
  readonly #parts: string[] = [];

  constructor(width: number, title: string) {
    this.#width = width;
    this.#title = title;
  }

  /** About how wide a text is. */
  static widthOf(text: string, size: number): number {
    return text.length * size * letterWidth;
  }

  text(x: number, y: number, text: string, options: TextOptions = {}): void {
    const { paint = "text", size = 12, anchor = "start", bold = false } = options;
    const weight = bold ? ' font-weight="600"' : "";
    this.#parts.push(
      `<text x="${round(x)}" y="${round(y)}" class="${paint}" font-size="${size}" text-anchor="${anchor}"${weight}>${escaped(text)}</text>`,
    );
  }

  bar(x: number, y: number, width: number, height: number, { paint, isSecond }: BarOptions): void {
    const opacity = isSecond === true ? ' opacity="0.55"' : "";
    this.#parts.push(
      `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(1, width))}" height="${round(height)}" rx="1" class="${paint}"${opacity}/>`,
    );
  }

  /** Hides the lines behind what is written there. */
  paper(x: number, y: number, width: number, height: number): void {
    this.#parts.push(
      `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" class="paper"/>`,
    );
  }

  line(fromX: number, fromY: number, toX: number, toY: number, paint: Paint = "line"): void {
    this.#parts.push(
      `<path d="M${round(fromX)} ${round(fromY)}L${round(toX)} ${round(toY)}" class="stroke ${paint}"/>`,
    );
  }

  toString(height: number): string {
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${this.#width} ${round(height)}" width="${this.#width}" height="${round(height)}" role="img" font-family="${font}">`,
      `<title>${escaped(this.#title)}</title>`,
      `<style>${styleOf(light, paper.light)}@media (prefers-color-scheme: dark) {${styleOf(dark, paper.dark)}}</style>`,
      `<rect class="paper" width="100%" height="100%"/>`,
      ...this.#parts,
      "</svg>\n",
    ].join("\n");
  }
}

function styleOf(colours: Readonly<Record<Paint, string>>, background: string): string {
  const paints = Object.entries(colours).map(
    ([paint, colour]) => `.${paint}{fill:${colour}}.stroke.${paint}{stroke:${colour}}`,
  );
  return `.paper{fill:${background}}.stroke{fill:none;stroke-width:1}${paints.join("")}`;
}

function round(value: number): string {
  return String(Number(value.toFixed(1)));
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
