import { type FileOperations, nodeFiles } from "../src/file-operations.ts";

/** Told of each operation before it is done, which it can keep from being done. */
export type Watcher = (operation: keyof FileOperations, number: number) => void;

/** Those of Node.js, with somebody who watches. */
export class WatchedFiles implements FileOperations {
  watch: Watcher = () => {};
  /** What a sync of data waits for before it is over. */
  duringSync: () => Promise<void> | void = () => {};
  /** So many bytes are written at once, at most. */
  mostBytes = Infinity;
  count = 0;

  open(path: string, flags: number): number {
    this.#tell("open");
    return nodeFiles.open(path, flags);
  }

  close(file: number): void {
    nodeFiles.close(file);
  }

  write(file: number, bytes: Uint8Array, from: number, length: number, position: number): number {
    this.#tell("write");
    return nodeFiles.write(file, bytes, from, Math.min(length, this.mostBytes), position);
  }

  truncate(file: number, length: number): void {
    this.#tell("truncate");
    nodeFiles.truncate(file, length);
  }

  async syncData(file: number): Promise<void> {
    this.#tell("syncData");
    await nodeFiles.syncData(file);
    await this.duringSync();
  }

  sync(file: number): void {
    this.#tell("sync");
    nodeFiles.sync(file);
  }

  syncFolder(path: string): void {
    this.#tell("syncFolder");
    nodeFiles.syncFolder(path);
  }

  rename(from: string, to: string): void {
    this.#tell("rename");
    nodeFiles.rename(from, to);
  }

  remove(path: string): void {
    this.#tell("remove");
    nodeFiles.remove(path);
  }

  #tell(operation: keyof FileOperations): void {
    this.count += 1;
    this.watch(operation, this.count);
  }
}

/** Lets the operations fail that are named, or that have the number. */
export function failing(which: keyof FileOperations | number, code: string): Watcher {
  return (operation, number) => {
    if (which === operation || which === number) throw systemError(code);
  };
}

/** What the system throws. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: on purpose`), { code });
}
