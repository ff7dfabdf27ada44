import { copyFileSync, existsSync, fstatSync, writeFileSync } from "node:fs";
import path from "node:path";
import { WatchedFiles } from "./watched-files.ts";

/** What happens to files and names, in its order. */
type Event =
  | { readonly kind: "write"; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly file: number; readonly length: number }
  | { readonly kind: "names"; readonly changes: readonly NameChange[] };

/** A name gets a file, or goes. */
type NameChange = readonly [name: string, file: number | undefined];

/** What becomes of what is not on the disk yet. */
export interface Luck {
  /** Which events get there. */
  choose<One>(events: readonly One[]): readonly One[];
  /** How many bytes of the last write that gets there. */
  bytesOf(length: number): number;
}

/** A disk that forgets what it has not been told to keep: what it has when power fails is made into a folder. */
export class DiskModel extends WatchedFiles {
  readonly #inodes = new Map<number, Buffer>();
  readonly #names = new Map<string, number>();
  readonly #opened = new Map<number, number>();
  #waiting: Event[] = [];
  readonly #durableNames = new Map<string, number>();
  #lastInode = 0;

  override open(file: string, flags: number): number {
    const isNew = !existsSync(file);
    const opened = super.open(file, flags);
    let inode = this.#names.get(file);
    if (inode === undefined || isNew) {
      this.#lastInode += 1;
      inode = this.#lastInode;
      this.#inodes.set(inode, Buffer.alloc(0));
      this.#names.set(file, inode);
      this.#waiting.push({ kind: "names", changes: [[file, inode]] });
    }
    this.#opened.set(opened, inode);
    return opened;
  }

  override write(
    file: number,
    bytes: Uint8Array,
    from: number,
    length: number,
    at: number,
  ): number {
    const count = super.write(file, bytes, from, length, at);
    const written = Buffer.from(bytes.subarray(from, from + count));
    this.#waiting.push({ kind: "write", file: this.#inodeOf(file), at, bytes: written });
    return count;
  }

  override truncate(file: number, length: number): void {
    super.truncate(file, length);
    this.#waiting.push({ kind: "truncate", file: this.#inodeOf(file), length });
  }

  override async syncData(file: number): Promise<void> {
    const inode = this.#inodeOf(file);
    const upTo = this.#waiting.length;
    await super.syncData(file);
    this.#keep((event, at) => at < upTo && event.kind !== "names" && event.file === inode);
  }

  override sync(file: number): void {
    super.sync(file);
    const inode = this.#inodeOf(file);
    this.#keep((event) => event.kind !== "names" && event.file === inode);
  }

  override syncFolder(folder: string): void {
    super.syncFolder(folder);
    this.#keep((event) => event.kind === "names");
  }

  override rename(from: string, to: string): void {
    super.rename(from, to);
    const file = this.#names.get(from) as number;
    this.#names.delete(from);
    this.#names.set(to, file);
    this.#waiting.push({
      kind: "names",
      changes: [
        [from, undefined],
        [to, file],
      ],
    });
  }

  override remove(file: string): void {
    const isThere = existsSync(file);
    super.remove(file);
    if (!isThere) return;
    this.#names.delete(file);
    this.#waiting.push({ kind: "names", changes: [[file, undefined]] });
  }

  /** Makes what the disk has of a folder now. LMDB sees to its own file. */
  makeImage(folder: string, image: string, luck: Luck): void {
    const inodes = new Map([...this.#inodes].map(([inode, bytes]) => [inode, Buffer.from(bytes)]));
    const names = new Map(this.#durableNames);
    const kept = luck.choose(this.#waiting);
    kept.forEach((event, at) => {
      const isLast = at === kept.length - 1;
      apply(event, inodes, names, isLast ? luck : undefined);
    });
    for (const [name, inode] of names) {
      if (path.dirname(name) !== folder) continue;
      const to = path.join(image, path.basename(name));
      const isLmdbs = name.endsWith(".mdb");
      if (!isLmdbs) writeFileSync(to, inodes.get(inode) as Buffer);
      else if (existsSync(name)) copyFileSync(name, to);
    }
  }

  #inodeOf(file: number): number {
    // The very file, not another one of the same number.
    fstatSync(file);
    return this.#opened.get(file) as number;
  }

  #keep(isKept: (event: Event, at: number) => boolean): void {
    const left: Event[] = [];
    this.#waiting.forEach((event, at) => {
      if (isKept(event, at)) apply(event, this.#inodes, this.#durableNames);
      else left.push(event);
    });
    this.#waiting = left;
  }
}

function apply(
  event: Event,
  inodes: Map<number, Buffer>,
  names: Map<string, number>,
  luck?: Luck,
): void {
  if (event.kind === "names") {
    for (const [name, file] of event.changes) {
      if (file === undefined) names.delete(name);
      else names.set(name, file);
    }
    return;
  }
  const before = inodes.get(event.file) as Buffer;
  if (event.kind === "truncate") {
    inodes.set(event.file, before.subarray(0, event.length));
    return;
  }
  const bytes = event.bytes.subarray(0, luck?.bytesOf(event.bytes.length));
  const after = Buffer.alloc(Math.max(before.length, event.at + bytes.length));
  before.copy(after);
  bytes.copy(after, event.at);
  inodes.set(event.file, after);
}
