import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { mac, macHolds, macKeysOf } from '../integrity/mac-keys.ts';
import type { Db } from '../store.ts';

/**
 * Which store this is, through copies and backups, and which life of it: a restored one begins another, and knows the
 * ones that it follows. A database file that was simply put back has no such thing to show.
 */
export interface StoreIdentity {
  id: string;
  incarnation: string;
  /** The lives before, oldest first. */
  ancestors: string[];
  /** Shows that somebody who holds the store's key wrote it. */
  mac?: string | undefined;
}

const schema = z.object({
  id: z.string(),
  incarnation: z.string(),
  ancestors: z.array(z.string()),
  mac: z.string().optional(),
});
const key = 'identity';

/** Whether somebody who holds the store's key wrote this. Null where no key is open here. */
export async function identityHolds(db: Db, identity: StoreIdentity): Promise<boolean | null> {
  const keys = macKeysOf(db);
  if (keys === null) return null;
  if (identity.mac === undefined) return false;
  const holds = macHolds(keys, 'identity', identityText(identity), identity.mac);
  if (holds !== null) return holds;
  await keys.refresh();
  return macHolds(keys, 'identity', identityText(identity), identity.mac) ?? false;
}

function identityText({ id, incarnation, ancestors }: StoreIdentity): string {
  return JSON.stringify([id, incarnation, ancestors]);
}

export async function storeIdentity(db: Db): Promise<StoreIdentity> {
  const known = await find(db);
  if (known !== null) return known;
  const made: StoreIdentity = { id: randomUUID(), incarnation: randomUUID(), ancestors: [] };
  await db
    .insertInto('meta')
    .values({ key, value: JSON.stringify(made) })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  return (await find(db)) ?? made;
}

/** Signed, where the store's key is open. */
export async function setStoreIdentity(db: Db, identity: StoreIdentity): Promise<void> {
  const keys = macKeysOf(db);
  const { id, incarnation, ancestors } = identity;
  const signature = keys === null ? {} : { mac: mac(keys, 'identity', identityText(identity)) };
  const value = JSON.stringify({ id, incarnation: incarnation, ancestors: ancestors, ...signature });
  await db
    .insertInto('meta')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}

/** The next life of a store, which follows all the lives that these had, and those that were seen of it. */
export function newIncarnation(
  restored: StoreIdentity,
  replaced: StoreIdentity | null,
  seen: string[],
): StoreIdentity {
  const known = [replaced, restored].flatMap((each) =>
    each === null ? [] : [...each.ancestors, each.incarnation],
  );
  const ancestors = [...seen, ...known];
  return { id: restored.id, incarnation: randomUUID(), ancestors: [...new Set(ancestors)] };
}

async function find(db: Db): Promise<StoreIdentity | null> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  return row === undefined ? null : schema.parse(JSON.parse(row.value));
}
