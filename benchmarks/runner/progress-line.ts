/** One line on the standard error that says where a run stands; on a terminal it is rewritten. */
export class ProgressLine {
  readonly #isTerminal: boolean = process.stderr.isTTY;
  #shown: string | undefined;

  /** @param stage what is told where lines cannot be rewritten, once as long as it stays the same */
  show(stage: string, detail: string): void {
    if (this.#isTerminal) {
      const columns = process.stderr.columns ?? 80;
      process.stderr.write(`\r\x1b[2K${`${stage}  ${detail}`.slice(0, columns - 1)}`);
    } else if (stage !== this.#shown) process.stderr.write(`${stage}\n`);
    this.#shown = stage;
  }

  clear(): void {
    if (this.#isTerminal) process.stderr.write("\r\x1b[2K");
    this.#shown = undefined;
  }
}
