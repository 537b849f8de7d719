import { randomUUID } from 'node:crypto';
import { isObject, isStringList } from '../../text/json-shape.ts';
import { parseColumn } from '../database/stored-json.ts';
import type { Db } from '../db.ts';
import { mac, macHolds, macKeysOf } from '../integrity/mac-keys.ts';
import { getMeta, getOrCreateMeta, setMeta } from './meta.ts';

/**
 * Identifies a store across copies and backups, and its incarnation: restoring a backup starts a new incarnation that
 * lists its ancestors. A database file that was merely replaced by an old copy has no such record.
 */
export interface StoreIdentity {
  id: string;
  incarnation: string;
  /** The earlier incarnations, oldest first. */
  ancestors: string[];
  /** Proves that a process with the store's key wrote it. */
  mac?: string | undefined;
}

const key = 'identity';

/** Whether a process with the store's key wrote this. Null if no key is loaded. */
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
  const created: StoreIdentity = { id: randomUUID(), incarnation: randomUUID(), ancestors: [] };
  return parseIdentity(await getOrCreateMeta(db, key, () => JSON.stringify(created)));
}

/** Adds a MAC if the store's key is loaded. */
export async function setStoreIdentity(db: Db, identity: StoreIdentity): Promise<void> {
  const keys = macKeysOf(db);
  const { id, incarnation, ancestors } = identity;
  const signature = keys === null ? {} : { mac: mac(keys, 'identity', identityText(identity)) };
  await setMeta(db, key, JSON.stringify({ id, incarnation, ancestors, ...signature }));
}

/** A new incarnation of a store. Its ancestors are all incarnations of both stores, and those in `seen`. */
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
  const value = await getMeta(db, key);
  return value === null ? null : parseIdentity(value);
}

/** Throws `E_STORE_DAMAGED` if the text is not an identity. */
export function parseIdentity(text: string): StoreIdentity {
  return parseColumn(text, 'meta.value', isIdentity);
}

function isIdentity(value: unknown): value is StoreIdentity {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    typeof value.incarnation === 'string' &&
    isStringList(value.ancestors) &&
    (value.mac === undefined || typeof value.mac === 'string')
  );
}
