import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { RememberedKeys } from '../../crypto/key-ring.ts';
import { isObject, isStringList } from '../../text/json-shape.ts';
import type { KeyKind } from '../keys/create-key.ts';
import { type KeySource, keyFilePath } from '../keys/load-key.ts';
import { seenKeysEntry, seenPlace } from './seen-location.ts';

/*
 * Someone who can write to the database could put back an old data key, which a removed host may still have. So this host
 * stores the highest generation that it has seen next to its key, outside the database. It also stores which of its
 * key-encryption keys have unwrapped a data key: for those, the key in a key request no longer authorizes anything.
 */

interface Memory {
  generation: number;
  dataKeyId: string;
  /** IDs of key-encryption keys, newest last. */
  opened: string[];
}

type Source = Pick<KeySource, 'keychain' | 'settings'>;

/** A host has few keys, and a keychain entry on Windows is limited to 2,560 bytes. */
const maxOpened = 20;

/** The stored data about the data keys of a key-encryption key; null if there is none. */
export async function rememberedKeys(
  source: Source,
  kind: KeyKind,
  keyEncryptionKeyId: string,
): Promise<RememberedKeys | null> {
  const memory = await read(source, kind);
  if (memory === null) return null;
  const { generation, dataKeyId, opened } = memory;
  return { generation, dataKeyId, hasOpened: opened.includes(keyEncryptionKeyId) };
}

/** Records that a key-encryption key unwrapped a data key. Best effort, because the folder may be read-only. */
export async function rememberKeys(
  source: Source,
  kind: KeyKind,
  keyEncryptionKeyId: string,
  newest: Pick<Memory, 'generation' | 'dataKeyId'>,
): Promise<void> {
  const memory = await read(source, kind);
  const opened = [...(memory?.opened ?? []).filter((id) => id !== keyEncryptionKeyId), keyEncryptionKeyId];
  await write(source, kind, { ...newest, opened: opened.slice(-maxOpened) });
}

/** Called for a new request of a known key: the key in the request authorizes the first data key again. */
export async function expectEnrollment(
  source: Source,
  kind: KeyKind,
  keyEncryptionKeyId: string,
): Promise<void> {
  const memory = await read(source, kind);
  if (memory === null) return;
  await write(source, kind, {
    ...memory,
    opened: memory.opened.filter((id) => id !== keyEncryptionKeyId),
  });
}

/** Deletes the stored data, after a rollback on purpose. */
export async function forgetKeys(source: Source): Promise<void> {
  for (const file of [besideKey(source), inDataFolder(source)]) rmSync(file, { force: true });
  await source.keychain.delete(seenKeysEntry(source.settings)).catch(() => {});
}

function besideKey(source: Source): string {
  const key = keyFilePath(source.settings);
  return join(dirname(key), `${basename(key)}.${seenPlace(source.settings).slice(0, 8)}.keys.seen`);
}

function inDataFolder(source: Source): string {
  return join(source.settings.home, 'store.keys.seen');
}

/** If the folder of the key file is read-only, as with a mounted secret, the data folder is used. */
function filesOf(source: Source, kind: KeyKind): string[] {
  return kind === 'file' ? [besideKey(source), inDataFolder(source)] : [inDataFolder(source)];
}

async function read(source: Source, kind: KeyKind): Promise<Memory | null> {
  if (kind === 'keychain') {
    return parse(await source.keychain.get(seenKeysEntry(source.settings)).catch(() => null));
  }
  const found = filesOf(source, kind)
    .map(readFile)
    .filter((memory) => memory !== null);
  return found.toSorted((a, b) => a.generation - b.generation).at(-1) ?? null;
}

function readFile(file: string): Memory | null {
  try {
    return parse(readFileSync(file));
  } catch {
    return null;
  }
}

function parse(bytes: Buffer | null): Memory | null {
  try {
    const value: unknown = bytes === null ? null : JSON.parse(bytes.toString('utf8'));
    return isMemory(value) ? value : null;
  } catch {
    return null;
  }
}

function isMemory(value: unknown): value is Memory {
  return (
    isObject(value) &&
    Number.isSafeInteger(value.generation) &&
    typeof value.dataKeyId === 'string' &&
    isStringList(value.opened)
  );
}

async function write(source: Source, kind: KeyKind, memory: Memory): Promise<void> {
  const text = JSON.stringify(memory);
  if (kind === 'keychain') {
    await source.keychain.set(seenKeysEntry(source.settings), Buffer.from(text)).catch(() => {});
    return;
  }
  for (const file of filesOf(source, kind)) {
    const temporary = `${file}.${randomUUID().slice(0, 8)}.tmp`;
    try {
      writeFileSync(temporary, text, { mode: 0o600, flush: true });
      renameSync(temporary, file);
      return;
    } catch {
      // Try the next location.
      rmSync(temporary, { force: true });
    }
  }
}
