import { describe, expect, it } from 'vitest';
import {
  AuthenticatedSet,
  type BucketDigest,
  bucketOf,
  digestText,
  headText,
  KeyUnknown,
  type NamedRow,
  NotAuthentic,
  type Question,
  type RowMac,
  rowName,
  type SetHead,
  setOf,
} from '../../src/store/integrity/authenticated-set.ts';
import { rowContent, rowId } from '../../src/store/integrity/kinds.ts';
import { addend, type DataKeys, mac } from '../../src/store/integrity/mac-keys.ts';

function keysOf(...ids: string[]): DataKeys {
  const dataKeys = ids.map((id) => ({ id: id.padEnd(36, '0'), key: Buffer.alloc(32, id) }));
  const [primaryKey = { id: '', key: Buffer.alloc(32) }] = dataKeys;
  return { ring: { primaryKey, dataKeys }, refresh: () => Promise.resolve(), refreshError: null };
}
const keys = keysOf('first');

const grant = (profile: string): NamedRow => ({
  kind: 'grant',
  row: { client_id: 'client', profile_id: profile },
});
const link = (hash: string, usedAt: number | null = null): NamedRow => ({
  kind: 'accessLink',
  row: { link_hash: hash, expires_at: 7, used_at: usedAt },
});
const nameOf = ({ kind, row }: NamedRow) => rowName(kind, rowId(kind, row as never));

/** The content of a store's tables after a change. */
interface Tables {
  head: SetHead | null;
  digests: BucketDigest[];
  macs: (RowMac & { bucket: number })[];
}

function written(rows: NamedRow[], counter = 1, by = keys): Tables {
  const macs = rows.map((each) => {
    const content = rowContent(each.kind, each.row as never);
    const name = nameOf(each);
    return {
      ...{ bucket: bucketOf(name), kind: each.kind, id: name.slice(each.kind.length + 1) },
      mac: mac(by, 'row', content),
    };
  });
  const sums = new Map<number, bigint>();
  for (const { bucket, kind, id, mac: own } of macs) {
    const part = addend(by, rowName(kind as 'grant', id), own) ?? 0n;
    sums.set(bucket, (sums.get(bucket) ?? 0n) + part);
  }
  const digests = [...sums].map(([bucket, sum]) => ({ bucket, digest: digestText(sum) }));
  const text = headText(counter, new Map(digests.map(({ bucket, digest }) => [bucket, digest])));
  return { head: { counter, mac: mac(by, 'head', text) }, digests, macs };
}

/** Runs a check with this content. Returns its questions. */
function run(steps: Generator<Question, unknown, unknown[]>, { digests, macs }: Tables): string[] {
  const asked: string[] = [];
  let step = steps.next();
  while (step.done !== true) {
    const question = step.value;
    asked.push('digests' in question ? 'digests' : `bucket ${question.bucket}`);
    step = steps.next(
      'digests' in question ? digests : macs.filter(({ bucket }) => bucket === question.bucket),
    );
  }
  return asked;
}

function reasonOf(set: AuthenticatedSet, tables: Tables, rows: NamedRow[], changed?: NamedRow[]): string {
  try {
    run(set.check(tables.head, rows, changed), tables);
  } catch (error) {
    if (error instanceof NotAuthentic) return error.reason;
    if (error instanceof KeyUnknown) return 'key unknown';
    throw error;
  }
  return 'authentic';
}

const rows = [grant('one'), grant('two'), link('three')];
const tables = written(rows);
const fresh = () => new AuthenticatedSet(keys);

describe('AuthenticatedSet', () => {
  it('reads the digests and each bucket once', () => {
    const set = fresh();
    const buckets = new Set(rows.map((row) => `bucket ${bucketOf(nameOf(row))}`));
    expect(run(set.check(tables.head, [...rows, ...rows]), tables)).toEqual(['digests', ...buckets]);
    expect(run(set.check(tables.head, rows), tables)).toEqual([]);
    expect(set.head).toEqual(tables.head);
    expect(set.digests.size).toBe(tables.digests.length);
  });

  it('reads only the buckets that have changed since', () => {
    const set = fresh();
    run(set.check(tables.head, rows), tables);
    const later = written([grant('one'), grant('two'), link('three', 8)], 2);
    expect(run(set.check(later.head, [grant('one'), link('three', 8)]), later)).toEqual([
      'digests',
      `bucket ${bucketOf(nameOf(link('three')))}`,
    ]);
    expect(set.head?.counter).toBe(2);
  });

  it('refuses a missing, an altered and an older head', () => {
    expect(reasonOf(fresh(), { ...tables, head: null }, rows)).toBe('removed');
    const altered = { ...tables, head: { counter: 2, mac: tables.head?.mac ?? '' } };
    expect(reasonOf(fresh(), altered, rows)).toBe('altered');
    const set = fresh();
    run(set.check(tables.head, rows), written(rows, 1));
    expect(reasonOf(set, written(rows, 3), rows)).toBe('authentic');
    expect(reasonOf(set, written(rows, 2), rows)).toBe('older');
    expect(reasonOf(set, written([grant('one')], 3), rows)).toBe('older');
    expect(set.head?.counter).toBe(3);
  });

  it('does not remember a head that it refuses, or that is not committed', () => {
    const set = fresh();
    expect(reasonOf(set, { ...tables, head: { counter: 9, mac: tables.head?.mac ?? '' } }, rows)).toBe(
      'altered',
    );
    run(set.checkHead(written(rows, 5).head, false), written(rows, 5));
    expect(set.head).toBeNull();
    expect(reasonOf(set, tables, rows)).toBe('authentic');
  });

  it('refuses digests that the head does not authenticate', () => {
    const [first, ...others] = tables.digests;
    const zero = { bucket: first?.bucket ?? 0, digest: digestText(0n) };
    expect(reasonOf(fresh(), { ...tables, digests: others }, rows)).toBe('altered');
    expect(reasonOf(fresh(), { ...tables, digests: [zero, ...others] }, rows)).toBe('altered');
  });

  it('refuses a bucket with a MAC that was removed, added or put back', () => {
    const [first, ...others] = tables.macs;
    const before = written([link('three', 8)]).macs;
    expect(reasonOf(fresh(), { ...tables, macs: others }, rows)).toBe('mixed');
    expect(reasonOf(fresh(), { ...tables, macs: [...tables.macs, ...(first ? [first] : [])] }, rows)).toBe(
      'mixed',
    );
    expect(
      reasonOf(fresh(), { ...tables, macs: [...tables.macs.slice(0, 2), ...before] }, [link('three', 8)]),
    ).toBe('mixed');
  });

  it('refuses a row that was added or changed, also after it has checked the real one', () => {
    const set = fresh();
    expect(reasonOf(set, tables, rows)).toBe('authentic');
    expect(reasonOf(set, tables, [link('three', 8)])).toBe('changed');
    expect(reasonOf(set, tables, [grant('four')])).toBe('added');
    expect(reasonOf(set, tables, rows)).toBe('authentic');
  });

  it('collects changed rows and checks the next ones, but stops at anything else', () => {
    const changed: NamedRow[] = [];
    const other = link('three', 8);
    expect(reasonOf(fresh(), tables, [other, grant('one'), other], changed)).toBe('authentic');
    expect(changed).toEqual([other, other]);
    expect(reasonOf(fresh(), tables, [other, grant('four')], changed)).toBe('added');
  });

  it('asks to load the keys again if a MAC names an unknown one', () => {
    const others = keysOf('second');
    const foreign = written(rows, 1, others);
    expect(reasonOf(fresh(), foreign, rows)).toBe('key unknown');
    // The head is ours, and one MAC in the bucket is not.
    const macs = tables.macs.map((each, at) => ({ ...each, mac: foreign.macs[at]?.mac ?? '' }));
    expect(reasonOf(fresh(), { ...tables, macs }, rows, [])).toBe('key unknown');
  });

  it('is one for each open store', () => {
    expect(setOf(keys)).toBe(setOf(keys));
    expect(setOf(keysOf('first'))).not.toBe(setOf(keys));
  });
});

describe('the texts that the head and the digests are made of', () => {
  it('do not depend on the order of the buckets', () => {
    const digests: [number, string][] = [
      [10, 'b'],
      [9, 'a'],
      [100, 'c'],
    ];
    expect(headText(7, new Map(digests))).toBe('7\n9:a\n10:b\n100:c');
    expect(headText(7, new Map(digests.reverse()))).toBe('7\n9:a\n10:b\n100:c');
  });

  it('have 64 digits for every sum', () => {
    expect(digestText(0n)).toBe('0'.repeat(64));
    expect(digestText(-1n)).toBe('f'.repeat(64));
    expect(digestText(2n ** 256n + 10n)).toBe(`${'0'.repeat(63)}a`);
  });

  it('put every name into one of 1024 buckets', () => {
    const found = new Set(Array.from({ length: 500 }, (_, at) => bucketOf(`grant ${at}`)));
    expect(found.size).toBeGreaterThan(350);
    expect(Math.max(...found)).toBeLessThan(1024);
    expect(Math.min(...found)).toBeGreaterThanOrEqual(0);
  });
});
