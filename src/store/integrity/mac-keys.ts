import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../db.ts';

/*
 * Message authentication codes (MACs) under a key that is derived from the data key: a person who can write to the
 * database but has no key cannot create one. A MAC names its key by the first letters of the data key's ID.
 */

/** What is authenticated. A MAC for one purpose is not valid for another. */
export type Purpose = 'row' | 'set' | 'head' | 'audit' | 'identity';

/** The data keys of an open store. */
export interface DataKeys {
  /** The primary key is used for new data; the others may still be in use. */
  readonly ring: {
    readonly primaryKey: { id: string; key: Uint8Array };
    readonly dataKeys: { id: string; key: Uint8Array }[];
  };
  /** Looks up the store's keys again: another process may have created a new one. */
  refresh(db?: Db): Promise<void>;
  /** Why the last look-up failed, for the few seconds in which it is not repeated; null if it succeeded. */
  readonly refreshError: BrokerError | null;
}

const keyLetters = 8;
/** 132 bits are enough for the MAC of a row, of which there are many. */
const rowMacLetters = 22;

/**
 * The derived keys of a ring, by the first letters of their data keys. As key objects: with the bytes, importing the key
 * would take longer than each MAC itself.
 */
const derived = new WeakMap<object, Map<string, KeyObject>>();

function keysOf({ ring }: DataKeys): Map<string, KeyObject> {
  const known = derived.get(ring);
  // A key may have been added to the ring since.
  if (known?.has(ring.primaryKey.id.slice(0, keyLetters))) return known;
  const keys = new Map(ring.dataKeys.map(({ id, key }) => [id.slice(0, keyLetters), derive(key)]));
  derived.set(ring, keys);
  return keys;
}

function derive(dataKey: Uint8Array): KeyObject {
  const key = hkdfSync('sha256', dataKey, new Uint8Array(), 'webex-token row integrity', 32);
  return createSecretKey(new Uint8Array(key));
}

/** The MAC of a text under the newest data key. */
export function mac(keys: DataKeys, purpose: Purpose, text: string): string {
  const start = keys.ring.primaryKey.id.slice(0, keyLetters);
  const key = keyOf(keys, start);
  if (key === null) throw new Error('the primary data key is not in its key ring');
  return `${start}.${macText(key, purpose, text)}`;
}

/** Whether a MAC matches this text, under the data key that it names. Null if this process does not have that key. */
export function macHolds(keys: DataKeys, purpose: Purpose, text: string, given: string): boolean | null {
  const key = keyOf(keys, given);
  if (key === null) return null;
  const expected = Buffer.from(macText(key, purpose, text));
  const bytes = Buffer.from(given.slice(keyLetters + 1));
  return expected.length === bytes.length && timingSafeEqual(expected, bytes);
}

/** Whether a MAC was made with the newest data key. */
export function isNewest(keys: DataKeys, given: string): boolean {
  return given.slice(0, keyLetters) === keys.ring.primaryKey.id.slice(0, keyLetters);
}

/**
 * What one row adds to the digest of its bucket: a number of 256 bits that no one can predict without the key. Null if
 * this process does not have that key.
 */
export function addend(keys: DataKeys, name: string, rowMac: string): bigint | null {
  const key = keyOf(keys, rowMac);
  if (key === null) return null;
  return BigInt(`0x${createHmac('sha256', key).update(`set\n${name} ${rowMac}`).digest('hex')}`);
}

function keyOf(keys: DataKeys, given: string): KeyObject | null {
  return keysOf(keys).get(given.slice(0, keyLetters)) ?? null;
}

function macText(key: KeyObject, purpose: Purpose, text: string): string {
  const digest = createHmac('sha256', key).update(`${purpose}\n${text}`).digest('base64url');
  return purpose === 'row' ? digest.slice(0, rowMacLetters) : digest;
}

/** By adapter, which a database and its transactions share. */
const keysOfStores = new WeakMap<object, DataKeys>();

/** From now on, rows that are read through this database are checked, and rows that are written get a MAC. */
export function useMacKeys(db: Db, keys: DataKeys): void {
  keysOfStores.set(db.getExecutor().adapter, keys);
}

/** Null if the store was opened without its keys. */
export function macKeysOf(db: Db): DataKeys | null {
  return keysOfStores.get(db.getExecutor().adapter) ?? null;
}
