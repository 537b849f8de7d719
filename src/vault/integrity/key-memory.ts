import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RememberedKeys } from '../../crypto/key-ring.ts';
import { isObject, isStringList } from '../../text/json-shape.ts';
import type { KeyKind } from '../keys/create-key.ts';
import { type KeySource, keyFilePath } from '../keys/load-key.ts';
import { seenKeysEntry, seenKeysFile, seenPlaces } from './seen-location.ts';
import { unreadableFile } from './unreadable-file.ts';

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

/**
 * The stored data about the data keys of a key-encryption key; null if there is none. Warns if it is damaged or cannot be
 * read: the data keys in the database could be older ones.
 */
export async function rememberedKeys(
  source: Source & Pick<KeySource, 'onWarning'>,
  kind: KeyKind,
  keyEncryptionKeyId: string,
): Promise<RememberedKeys | null> {
  const memory = await read(source, kind, (file) => {
    source.onWarning(unreadableFile(file, 'so the data keys were not checked for older ones'));
  });
  if (memory === null) return null;
  const { generation, dataKeyId, opened } = memory;
  return { generation, dataKeyId, hasOpened: opened.includes(keyEncryptionKeyId) };
}

/** Whether it is recorded, for every location of the store, that a key-encryption key unwrapped this data key. */
export async function isRemembered(
  source: Source,
  kind: KeyKind,
  keyEncryptionKeyId: string,
  dataKeyId: string,
): Promise<boolean> {
  const isRecord = (memory: Memory | null) =>
    memory?.dataKeyId === dataKeyId && memory.opened.includes(keyEncryptionKeyId);
  if (kind === 'keychain') return (await readKeychain(source)).every(isRecord);
  const shared = readFile(inDataFolder(source));
  return (
    isRecord(shared) ||
    (kind === 'file' &&
      filesNextToKey(source)
        .map((file) => readFile(file))
        .every(isRecord))
  );
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
  for (const file of [...filesNextToKey(source), inDataFolder(source)]) rmSync(file, { force: true });
  for (const entry of entriesOf(source)) await source.keychain.delete(entry).catch(() => {});
}

function entriesOf({ settings }: Source): string[] {
  return seenPlaces(settings).map(seenKeysEntry);
}

/** One file for each location of the store. */
function filesNextToKey({ settings }: Source): string[] {
  return seenPlaces(settings).map((place) => seenKeysFile(keyFilePath(settings), place));
}

/** If the folder of the key file is read-only, as with a mounted secret, the data folder is used. */
function inDataFolder(source: Source): string {
  return join(source.settings.home, 'store.keys.seen');
}

async function read(
  source: Source,
  kind: KeyKind,
  onUnreadable: (file: string) => void = () => {},
): Promise<Memory | null> {
  const files = [...(kind === 'file' ? filesNextToKey(source) : []), inDataFolder(source)];
  const found =
    kind === 'keychain'
      ? await readKeychain(source)
      : files.map((file) => readFile(file, () => onUnreadable(file)));
  return (
    found
      .filter((memory) => memory !== null)
      .toSorted((a, b) => a.generation - b.generation)
      .at(-1) ?? null
  );
}

async function readKeychain(source: Source): Promise<(Memory | null)[]> {
  const found: (Memory | null)[] = [];
  for (const entry of entriesOf(source)) {
    const bytes = await source.keychain.get(entry).catch(() => null);
    found.push(bytes === null ? null : parse(bytes));
  }
  return found;
}

/** Null if it does not exist, or cannot be read. */
function readFile(file: string, onUnreadable: () => void = () => {}): Memory | null {
  try {
    const memory = parse(readFileSync(file));
    if (memory === null) onUnreadable();
    return memory;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onUnreadable();
    return null;
  }
}

function parse(bytes: Buffer): Memory | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
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
    for (const entry of entriesOf(source)) {
      await source.keychain.set(entry, Buffer.from(text)).catch(() => {});
    }
    return;
  }
  if (kind === 'file' && filesNextToKey(source).every((file) => writeFile(file, text))) return;
  writeFile(inDataFolder(source), text);
}

/** False if the file cannot be written. */
function writeFile(file: string, text: string): boolean {
  const temporary = `${file}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    writeFileSync(temporary, text, { mode: 0o600, flush: true });
    renameSync(temporary, file);
    return true;
  } catch {
    rmSync(temporary, { force: true });
    return false;
  }
}
