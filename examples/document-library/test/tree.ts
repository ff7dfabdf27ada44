import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A folder of files that ends with the test: `using tree = new Tree()`. */
export class Tree implements Disposable {
  readonly root: string = mkdtempSync(path.join(tmpdir(), "document-library-"));

  at(name: string): string {
    return path.join(this.root, name);
  }

  write(name: string, content: string | Buffer): void {
    mkdirSync(path.dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), content);
  }

  /** A file whose name is not UTF-8. */
  writeUnnamable(content: string): void {
    writeFileSync(
      Buffer.concat([Buffer.from(`${this.root}/`), Buffer.from([0x62, 0xe9, 0x65])]),
      content,
    );
  }

  /** A file that is large to read and takes no room. */
  writeSparse(name: string, size: number): void {
    this.write(name, "");
    truncateSync(this.at(name), size);
  }

  link(name: string, target: string): void {
    symlinkSync(target, this.at(name));
  }

  fifo(name: string): void {
    execFileSync("sh", ["-c", 'mkfifo "$0"', this.at(name)]);
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}
