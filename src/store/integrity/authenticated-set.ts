import { hash } from 'node:crypto';
import { type Kind, kindTitles, type ProtectedRow, rowContent, rowId } from './kinds.ts';
import { addend, type DataKeys, macHolds } from './mac-keys.ts';

/*
 * The MAC of a row proves that this program wrote the row. The set proves that the row is not an old one that was put
 * back: every row belongs to one of 1024 buckets, each bucket has a digest (the sum of what its rows add), and one head,
 * with a counter that only grows, authenticates all digests. To check a row, only its bucket is read.
 */

export const buckets = 1024;

/** The state of all rows together. */
export interface SetHead {
  /** Grows with every change. */
  counter: number;
  mac: string;
}

export interface BucketDigest {
  bucket: number;
  digest: string;
}

export interface RowMac {
  kind: string;
  id: string;
  mac: string;
}

/** A row to check. */
export type NamedRow = { [K in Kind]: { kind: K; row: ProtectedRow<K> } }[Kind];

/** What a check has to read: all digests, or the MACs in one bucket. */
export type Question = { digests: true } | { bucket: number };

/** The rows are not what this program wrote. `older`: the whole set, or a part of it, is an earlier one. */
export class NotAuthentic extends Error {
  /** `changed` is about one row; the other reasons are about the store as a whole. */
  readonly reason: 'removed' | 'older' | 'altered' | 'mixed' | 'added' | 'changed';

  constructor(reason: NotAuthentic['reason'], message: string) {
    super(message);
    this.name = 'NotAuthentic';
    this.reason = reason;
  }
}

/** A MAC names a data key that this process does not have yet. */
export class KeyUnknown extends Error {}

/** The name by which a row is found in its bucket. */
export function rowName(kind: Kind, id: string): string {
  return `${kind} ${id}`;
}

export function bucketOf(name: string): number {
  return Number.parseInt(hash('sha256', name, 'hex').slice(0, 8), 16) % buckets;
}

/** The text that the MAC of the head authenticates. */
export function headText(counter: number, digests: ReadonlyMap<number, string>): string {
  const lines = [...digests].sort(([one], [other]) => one - other).map(([at, digest]) => `${at}:${digest}`);
  return [counter, ...lines].join('\n');
}

export function digestText(sum: bigint): string {
  return BigInt.asUintN(256, sum).toString(16).padStart(64, '0');
}

export const noDigest = digestText(0n);

/** How many row MACs are kept in memory. */
const maxCachedRows = 50_000;

/** The rows of a store that this process has checked. */
export class AuthenticatedSet {
  readonly #keys: DataKeys;
  #head: SetHead | null = null;
  #digests: ReadonlyMap<number, string> = new Map();
  readonly #buckets = new Map<number, { digest: string; macs: ReadonlyMap<string, string> }>();
  #kept = 0;
  /** The rows whose MAC was checked, by name: the MAC with the content. */
  readonly #rows = new Map<string, string>();

  constructor(keys: DataKeys) {
    this.#keys = keys;
  }

  /** The newest head that was seen. */
  get head(): SetHead | null {
    return this.#head;
  }

  /** The digests under the newest head that was seen. */
  get digests(): ReadonlyMap<number, string> {
    return this.#digests;
  }

  /**
   * Checks rows that were read together with this head. Throws `NotAuthentic`, `KeyUnknown`. Rows that
   * were changed are added to `changed`; without it, the first of them is an error.
   */
  *check(
    head: SetHead | null,
    rows: readonly NamedRow[],
    changed?: NamedRow[],
  ): Generator<Question, void, unknown[]> {
    const digests = yield* this.checkHead(head);
    for (const named of rows) {
      const { kind, row } = named as { kind: Kind; row: ProtectedRow<Kind> };
      const name = rowName(kind, rowId(kind, row));
      const macs = yield* this.checkBucket(bucketOf(name), digests);
      try {
        this.#checkRow(kind, name, rowContent(kind, row), macs.get(name));
      } catch (error) {
        if (changed === undefined || !(error instanceof NotAuthentic) || error.reason !== 'changed')
          throw error;
        changed.push(named);
      }
    }
  }

  /** Checks the head, and returns the digests that it authenticates. `committed`: its transaction can no longer be rolled back. */
  *checkHead(
    head: SetHead | null,
    committed = true,
  ): Generator<Question, ReadonlyMap<number, string>, unknown[]> {
    if (head === null) throw new NotAuthentic('removed', 'the record of its rows is missing');
    if (this.#head !== null && head.counter <= this.#head.counter) {
      if (head.counter === this.#head.counter && head.mac === this.#head.mac) return this.#digests;
      throw new NotAuthentic('older', `it is at change ${head.counter}, and was at ${this.#head.counter}`);
    }
    const answer = (yield { digests: true }) as BucketDigest[];
    const digests = new Map(answer.map(({ bucket, digest }) => [bucket, digest]));
    const holds = macHolds(this.#keys, 'head', headText(head.counter, digests), head.mac);
    if (holds === null) throw new KeyUnknown();
    if (!holds) throw new NotAuthentic('altered', 'the record of its rows was altered');
    if (committed && (this.#head === null || head.counter > this.#head.counter)) {
      this.#head = head;
      this.#digests = digests;
    }
    return digests;
  }

  /** Checks the MACs in one bucket against its digest. */
  *checkBucket(
    bucket: number,
    digests: ReadonlyMap<number, string>,
  ): Generator<Question, ReadonlyMap<string, string>, unknown[]> {
    const digest = digests.get(bucket) ?? noDigest;
    const known = this.#buckets.get(bucket);
    if (known?.digest === digest) return known.macs;
    const rows = (yield { bucket }) as RowMac[];
    const macs = new Map<string, string>();
    let sum = 0n;
    for (const { kind, id, mac } of rows) {
      const name = rowName(kind as Kind, id);
      const part = addend(this.#keys, name, mac);
      if (part === null) throw new KeyUnknown();
      sum += part;
      macs.set(name, mac);
    }
    if (digestText(sum) !== digest) {
      throw new NotAuthentic('mixed', 'rows were added, put back or removed from outside');
    }
    this.#keep(bucket, digest, macs);
    return macs;
  }

  #keep(bucket: number, digest: string, macs: ReadonlyMap<string, string>): void {
    this.#kept += macs.size - (this.#buckets.get(bucket)?.macs.size ?? 0);
    if (this.#kept > maxCachedRows) {
      this.#buckets.clear();
      this.#rows.clear();
      this.#kept = macs.size;
    }
    this.#buckets.set(bucket, { digest, macs });
  }

  #checkRow(kind: Kind, name: string, content: string, mac: string | undefined): void {
    if (mac === undefined) throw new NotAuthentic('added', `${kindTitles[kind]} was added from outside`);
    const checked = `${mac} ${content}`;
    if (this.#rows.get(name) === checked) return;
    const holds = macHolds(this.#keys, 'row', content, mac);
    if (holds === null) throw new KeyUnknown();
    if (!holds) throw new NotAuthentic('changed', `${kindTitles[kind]} was changed from outside`);
    if (this.#rows.size >= maxCachedRows) this.#rows.clear();
    this.#rows.set(name, checked);
  }
}

const sets = new WeakMap<DataKeys, AuthenticatedSet>();

/** The one set of an open store in this process. */
export function setOf(keys: DataKeys): AuthenticatedSet {
  const known = sets.get(keys) ?? new AuthenticatedSet(keys);
  sets.set(keys, known);
  return known;
}
