import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../db.ts';
import { newestDataKey } from '../keys/keys.ts';
import {
  bucketOf,
  digestText,
  headText,
  KeyUnknown,
  NotAuthentic,
  noDigest,
  type RowMac,
  rowName,
  setOf,
} from './authenticated-set.ts';
import { type Change, takeChanges } from './changes.ts';
import { kindNames, rowContent } from './kinds.ts';
import { addend, type DataKeys, mac, macKeysOf } from './mac-keys.ts';
import { inParts, macsOf, named, rowMacHead, rowsOf, runCheck } from './mac-queries.ts';
import { untrusted } from './untrusted.ts';

/** No row has this content, so its MAC matches none. */
const foreignContent = 'changed from outside';

/** Writes the MACs of the rows that a transaction has changed, and the new head, at its end. */
export async function authenticateChanges(trx: Db): Promise<void> {
  const announced = takeChanges(trx);
  if (announced === null) return;
  const { changes, leastCounter } = announced;
  const keys = macKeysOf(trx);
  if (keys === null) {
    if ((await rowMacHead(trx)) === null) return;
    throw new BrokerError('E_KEY', "This changes what grants access, and the store's key is not open.");
  }
  const next = await nextHead(trx, keys, leastCounter);
  if (next === null) return;
  const old = await macsOf(
    trx,
    changes.filter(({ counts }) => counts),
  );
  const contents = await contentsOf(trx, changes);
  const sums = new Map<number, bigint>();
  const written: (RowMac & { bucket: number })[] = [];
  const removed: Change[] = [];
  for (const change of changes) {
    const name = rowName(change.kind, change.id);
    const bucket = bucketOf(name);
    const content = change.foreign ? foreignContent : contents.get(name);
    const fresh = content === undefined ? null : mac(keys, 'row', content);
    const before = old.get(name);
    let sum = sums.get(bucket) ?? BigInt(`0x${next.digests.get(bucket) ?? noDigest}`);
    if (before !== undefined) sum -= addend(keys, name, before) ?? 0n;
    if (fresh !== null) sum += addend(keys, name, fresh) ?? 0n;
    sums.set(bucket, sum);
    if (fresh === null) removed.push(change);
    else written.push({ bucket, kind: change.kind, id: change.id, mac: fresh });
  }
  for (const part of inParts(written)) {
    await trx
      .insertInto('row_mac')
      .values(part)
      .onConflict((conflict) =>
        conflict
          .columns(['bucket', 'kind', 'id'])
          .doUpdateSet((expression) => ({ mac: expression.ref('excluded.mac') })),
      )
      .execute();
  }
  for (const part of inParts(removed)) {
    await trx
      .deleteFrom('row_mac')
      .where(({ eb, or }) => or(part.map((each) => named(eb, each))))
      .execute();
  }
  await finishHead(trx, keys, next, sums);
}

interface NextHead {
  counter: number;
  digests: ReadonlyMap<number, string>;
}

/** Takes the next counter, so that other transactions wait until this one ends. Null if rows have no MACs yet. */
async function nextHead(trx: Db, keys: DataKeys, atLeast: number): Promise<NextHead | null> {
  // The row is locked from here on.
  const before = await trx
    .updateTable('row_mac_head')
    .set({ id: 1 })
    .where('id', '=', 1)
    .returning(['counter', 'mac'])
    .executeTakeFirst();
  if (before === undefined) return null;
  const counter = Math.max(before.counter, atLeast) + 1;
  if ((await newestDataKey(trx))?.id !== keys.ring.primaryKey.id) await keys.refresh(trx);
  try {
    const digests = await runCheck(trx, setOf(keys).checkHead(before, false)).catch(
      async (error: unknown) => {
        if (!(error instanceof KeyUnknown)) throw error;
        await keys.refresh(trx);
        return await runCheck(trx, setOf(keys).checkHead(before, false));
      },
    );
    return { counter, digests };
  } catch (error) {
    if (error instanceof NotAuthentic || error instanceof KeyUnknown) throw untrusted(error);
    throw error;
  }
}

/** Writes the digests of the changed buckets, and the head over all of them. */
export async function finishHead(
  trx: Db,
  keys: DataKeys,
  next: NextHead,
  sums: ReadonlyMap<number, bigint>,
): Promise<void> {
  const digests = new Map(next.digests);
  const changed = [...sums].map(([bucket, sum]) => ({ bucket, digest: digestText(sum) }));
  for (const { bucket, digest } of changed) digests.set(bucket, digest);
  for (const part of inParts(changed)) {
    await trx
      .insertInto('row_mac_bucket')
      .values(part)
      .onConflict((conflict) =>
        conflict
          .column('bucket')
          .doUpdateSet((expression) => ({ digest: expression.ref('excluded.digest') })),
      )
      .execute();
  }
  await trx
    .updateTable('row_mac_head')
    .set({ counter: next.counter, mac: mac(keys, 'head', headText(next.counter, digests)) })
    .where('id', '=', 1)
    .execute();
}

async function contentsOf(trx: Db, changes: readonly Change[]): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  for (const kind of kindNames) {
    const ids = changes.filter((change) => change.kind === kind).map(({ id }) => id);
    for (const [id, row] of await rowsOf(trx, kind, ids)) {
      contents.set(rowName(kind, id), rowContent(kind, row));
    }
  }
  return contents;
}
