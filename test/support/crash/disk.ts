import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Change } from './recorded-writes.ts';

/** A file's content: what is on the disk for certain, and the changes since, which may or may not be. */
interface Content {
  synced: Buffer;
  since: Extract<Change, { what: 'write' | 'truncate' }>[];
}

/** The content of a folder, by name. */
export type Files = Map<string, Buffer>;

/**
 * A disk that loses power. What was not synced may be lost, or be there, or in part: any choice of it. A name that was
 * created, changed or removed is durable once its folder was synced, and not before.
 */
export class Disk {
  #names: Map<string, Content>;
  #syncedNames: Map<string, Content>;

  constructor(folder: string) {
    this.#names = new Map([...filesIn(folder)].map(([name, bytes]) => [name, { synced: bytes, since: [] }]));
    this.#syncedNames = new Map(this.#names);
  }

  apply(change: Change): void {
    switch (change.what) {
      case 'create':
        if (!this.#names.has(change.path)) {
          this.#names.set(change.path, { synced: Buffer.alloc(0), since: [] });
        }
        break;
      case 'write':
      case 'truncate':
        this.#content(change.path).since.push(change);
        break;
      case 'sync': {
        const content = this.#names.get(change.path);
        if (content !== undefined) {
          content.synced = withChanges(content.synced, content.since);
          content.since = [];
        } else this.#syncDirectory(change.path);
        break;
      }
      case 'unlink':
        this.#names.delete(change.path);
        break;
      case 'rename':
        this.#names.set(change.to, this.#content(change.path));
        this.#names.delete(change.path);
        break;
      case 'link':
        this.#names.set(change.to, this.#content(change.path));
        break;
      default:
        break;
    }
  }

  /** The files if the process is killed now: the system still has everything. */
  killed(): Files {
    return chosen(this.#names, () => true);
  }

  /** The files after a power cut now. `choose` decides about each change that was not synced. */
  *powerLost(choose: () => boolean): Generator<Files> {
    for (const names of [this.#syncedNames, this.#names]) {
      yield chosen(names, () => false);
      yield chosen(names, () => true);
      yield chosen(names, choose);
    }
  }

  #content(path: string): Content {
    const content = this.#names.get(path);
    if (content === undefined) throw new Error(`no file ${path}`);
    return content;
  }

  #syncDirectory(path: string): void {
    const inside = (name: string) => dirname(name) === path;
    for (const name of [...this.#syncedNames.keys()].filter(inside)) this.#syncedNames.delete(name);
    for (const [name, content] of this.#names) if (inside(name)) this.#syncedNames.set(name, content);
  }
}

function chosen(names: Map<string, Content>, choose: () => boolean): Files {
  return new Map(
    [...names].map(([name, { synced, since }]) => [
      name,
      withChanges(synced, since.flatMap(sectors).filter(choose)),
    ]),
  );
}

/** A disk writes at least one sector at once. */
const sectorSize = 512;

function sectors(change: Content['since'][number]): Content['since'] {
  if (change.what === 'truncate') return [change];
  const { offset, bytes } = change;
  const parts: Content['since'] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + sectorSize - ((offset + from) % sectorSize));
    parts.push({ ...change, offset: offset + from, bytes: bytes.subarray(from, to) });
    from = to;
  }
  return parts;
}

function withChanges(before: Buffer, changes: Content['since']): Buffer {
  if (changes.length === 0) return before;
  const ends = changes.map((change) =>
    change.what === 'write' ? change.offset + change.bytes.length : change.size,
  );
  const content = Buffer.alloc(Math.max(before.length, ...ends));
  before.copy(content);
  let size = before.length;
  for (const [at, change] of changes.entries()) {
    const end = ends[at] ?? 0;
    if (change.what === 'write') {
      change.bytes.copy(content, change.offset);
      size = Math.max(size, end);
    } else {
      // Truncated data does not come back if the file grows again.
      content.fill(0, end);
      size = end;
    }
  }
  return content.subarray(0, size);
}

export function filesIn(folder: string): Files {
  const names = readdirSync(folder, { recursive: true }) as string[];
  return new Map(
    names
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [name, readFileSync(join(folder, name))]),
  );
}

/** Writes the files into an empty folder, for their owner only. */
export function layOut(files: Files, folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, name), bytes, { mode: 0o600 });
  }
}
