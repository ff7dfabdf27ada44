import type { WriteStream } from "node:tty";

/** For a terminal that does not say how wide it is. */
const WIDTH = 80;
const EVERY_MS = { terminal: 100, file: 500 };

/** Shows how far the work is: one line that is rewritten on a terminal, elsewhere a line every half second. */
export class ProgressLine implements Disposable {
  readonly #stream: WriteStream;
  readonly #describe: () => string;
  readonly #timer: NodeJS.Timeout;

  constructor(stream: WriteStream, describe: () => string) {
    this.#stream = stream;
    this.#describe = describe;
    this.show();
    this.#timer = setInterval(() => this.show(), stream.isTTY ? EVERY_MS.terminal : EVERY_MS.file);
    this.#timer.unref();
  }

  show(): void {
    const text = this.#describe();
    this.#stream.write(
      this.#stream.isTTY
        ? `\r${text.slice(0, (this.#stream.columns || WIDTH) - 1)}\x1b[K`
        : `${text}\n`,
    );
  }

  /** Makes room for other output, until it is shown again. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\x1b[K");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.clear();
  }
}
