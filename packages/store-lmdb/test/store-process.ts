import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));
const flags = ["--import", "tsx", "--conditions=@busline/source", "--input-type=module"];

/** A process of its own, in which a store is open on a folder. */
export class StoreProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #ended: Promise<number | string | null>;
  #hasEnded = false;
  #changed: () => void = () => {};

  /** @param script goes on where `store` is open; what it prints is what it tells */
  constructor(folder: string, script: string) {
    const source = `
      import { lmdbStore } from "@busline/store-lmdb";
      const store = lmdbStore(${JSON.stringify(folder)});
      const put = (key) => ({ key, value: Buffer.from(key) });
      await store.open();
      ${script}`;
    const child = spawn(process.execPath, [...flags, "--eval", source], { cwd: packageFolder });
    child.stderr.pipe(process.stderr);
    this.#child = child;
    createInterface(child.stdout).on("line", (line) => {
      this.#lines.push(line);
      this.#changed();
    });
    this.#ended = new Promise((resolve) => {
      child.on("close", (code, signal) => {
        this.#hasEnded = true;
        this.#changed();
        resolve(code ?? signal);
      });
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Resolves when it has told something. */
  async told(line: string): Promise<void> {
    while (!this.#lines.includes(line)) {
      if (this.#hasEnded) throw new Error(`the process has ended, and has not told ${line}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** Resolves when it has ended by itself. */
  async end(): Promise<{ readonly exit: number | string | null; readonly lines: string[] }> {
    return { exit: await this.#ended, lines: this.#lines };
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
