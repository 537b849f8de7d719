import { randomUUID } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import type { Keychain } from '../../crypto/keychain.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { ensurePrivateDirectory, fsyncDirectory } from '../../files/private-files.ts';
import { appendAudit, chainStart, signChain, verifyAudit } from '../../store/audit/audit.ts';
import { clearTables, insertRows, isUnused, replaceRows, tableNames } from '../../store/copy.ts';
import type { Db } from '../../store/db.ts';
import { useMacKeys } from '../../store/integrity/mac-keys.ts';
import { authenticateAll, renewHead, rowMacHead } from '../../store/integrity/row-macs.ts';
import {
  deleteKeyEncryptionKey,
  insertDataKeys,
  insertKeyRecord,
  listKeyEncryptionKeys,
} from '../../store/keys/keys.ts';
import {
  newIncarnation,
  type StoreIdentity,
  setStoreIdentity,
  storeIdentity,
} from '../../store/meta/incarnation.ts';
import { countDueBy } from '../../store/profiles/due-counts.ts';
import { iterateCiphertexts } from '../../store/profiles/tokens.ts';
import { isDamaged, newStoreAsOf, openStore } from '../../store/store.ts';
import type { Table } from '../../store/tables.ts';
import type { Actor } from '../context.ts';
import { forgetKeys } from '../integrity/key-memory.ts';
import { everSeen } from '../integrity/rollback-detection.ts';
import { wrapForLocalKey } from '../key-operations/add-key.ts';
import { VaultKeys } from '../keys/key-manager.ts';
import { type KeySource, loadKeyById } from '../keys/load-key.ts';
import { createFirstKey } from '../keys/open-keys.ts';
import { databaseFile, storeLocation } from '../store-location.ts';
import { backupDamaged, type Chunk } from './format.ts';
import { chunksOf, type OpenedBackup, openBackup } from './read.ts';
import { includedTables } from './write.ts';

export interface RestoreOptions {
  settings: Settings;
  keychain: Keychain;
  now: () => number;
  actor: Actor;
  onWarning: (text: string) => void;
  /** The key file of the host that the backup comes from. */
  keyFile?: string;
  /** The passphrase of that host, or of the backup. */
  passphrase?: string;
  progress?: (title: string, done: number) => void;
}

export interface Restored {
  createdAt: string;
  tokens: number;
  profiles: number;
  /** Where the store that was replaced is now; null where there was none. */
  previous: string | null;
  /** A key that was made for this machine, since none of the store's own is here. */
  newKey: 'keychain' | 'file' | 'passphrase' | null;
}

/**
 * Brings back a backup. It is written into a store of its own first and proved there: every line, the audit log, and
 * that every token opens. Then it takes the place of what is in the store, in one transaction, whatever else uses it;
 * that is kept aside. Throws `E_BACKUP…`, `E_STORE_NEWER`, and what opening a store throws.
 */
export async function restoreBackup(path: string, options: RestoreOptions): Promise<Restored> {
  const { settings } = options;
  ensurePrivateDirectory(settings.home);
  const source: KeySource = options;
  const backup = await openBackup(path, {
    own: source,
    ...((options.keyFile ?? options.passphrase) !== undefined && { other: otherSource(source, options) }),
    backupPassphrase: options.passphrase ?? settings.backupPassphrase,
  });
  const staging = join(settings.home, `restore-${randomUUID()}.db`);
  try {
    await writeDraft(staging, path, backup, options);
    const db = await openStore(staging);
    try {
      if (!backup.isStoreKey) await addTemporaryKey(db, backup, options);
      const keys = VaultKeys.of(db, source, backup.held, backup.ring);
      const tokens = await verifyBackup(db, keys, options);
      const newKey = await makeOwnKey(db, keys, backup, options);
      if (!backup.isStoreKey) await deleteKeyEncryptionKey(db, backup.held.info.id);
      const previous = await replaceStore(db, path, keys, options);
      const { all: profiles } = await countDueBy(db, {});
      return { createdAt: backup.header.createdAt, tokens, profiles, previous: previous, newKey };
    } finally {
      await db.destroy();
    }
  } finally {
    removeDraft(staging);
  }
}

export function removeDraft(staging: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${staging}${suffix}`, { force: true });
}

/** The passphrase that only the backup knows counts as a key of the store, until this machine has one of its own. */
async function addTemporaryKey(
  db: Db,
  { held, header }: OpenedBackup,
  { now }: RestoreOptions,
): Promise<void> {
  const unknown = { name: '', publicKey: null, authorization: null, createdAt: now() };
  await insertKeyRecord(db, { info: held.info, ...unknown });
  await insertDataKeys(db, now(), header.passphrase?.dataKeys ?? []);
}

function otherSource(source: KeySource, { keyFile, passphrase }: RestoreOptions): KeySource {
  const { settings } = source;
  return {
    ...source,
    settings: {
      ...settings,
      keyFile: keyFile ?? settings.keyFile,
      passphrase: passphrase ?? settings.passphrase,
    },
  };
}

/** Writes what is in a backup into a new store in a SQLite file, with the tables as they were then. Throws `E_BACKUP`. */
export async function writeDraft(
  staging: string,
  path: string,
  backup: OpenedBackup,
  { progress }: Pick<RestoreOptions, 'progress'>,
): Promise<void> {
  const db = await newStoreAsOf(staging, backup.header.schema);
  try {
    await db.transaction().execute(async (trx) => {
      await clearTables(trx, await tableNames(trx));
      let rows = 0;
      for await (const chunk of chunksOf(path, backup)) {
        await insertChunk(trx, chunk);
        rows += chunk.length;
        progress?.('Reading the backup', rows);
      }
    });
  } finally {
    await db.destroy();
  }
}

/** Neighbouring rows of one table go in together, some hundred values at a time. */
async function insertChunk(trx: Db, chunk: Chunk): Promise<void> {
  const isKept = (table: string): table is Table => (includedTables as readonly string[]).includes(table);
  for (let from = 0; from < chunk.length; ) {
    const table = chunk[from]?.[0] ?? '';
    if (!isKept(table)) throw backupDamaged(`it holds a table ${table.slice(0, 40)}`);
    let to = from;
    while (to < chunk.length && chunk[to]?.[0] === table && to - from < 500) to += 1;
    const rows = chunk.slice(from, to).map(([, row]) => row);
    await insertRows(trx, table, rows);
    from = to;
  }
}

/** Follows the audit log and opens every token. Returns how many tokens there are. Throws `E_BACKUP`, `E_INTEGRITY`. */
export async function verifyBackup(
  db: Db,
  keys: VaultKeys,
  { progress }: Pick<RestoreOptions, 'progress'>,
): Promise<number> {
  const { broken } = await verifyAudit(db);
  if (broken !== null) throw backupDamaged(`its audit log is broken at row ${broken.seq}: ${broken.reason}`);
  let tokens = 0;
  for await (const { id, profileId, ciphertext } of iterateCiphertexts(db)) {
    await keys.open(ciphertext, { tokenId: id, profileId });
    tokens += 1;
    progress?.('Opening every token', tokens);
  }
  return tokens;
}

/** Where this machine could not open the store by itself later, it gets a key of its own. */
async function makeOwnKey(
  db: Db,
  keys: VaultKeys,
  { held, isStoreKey }: OpenedBackup,
  options: RestoreOptions,
): Promise<Restored['newKey']> {
  const { now } = options;
  if (isStoreKey && (await isAtHand(held.info, options))) return null;
  const made = await createFirstKey(options);
  const known = (await listKeyEncryptionKeys(db)).some(({ id }) => id === made.info.id);
  if (known) return null;
  await db.transaction().execute((trx) => wrapForLocalKey(trx, { db, keys, now }, made));
  return made.info.kind;
}

async function isAtHand(info: Parameters<typeof loadKeyById>[0], source: KeySource): Promise<boolean> {
  try {
    await loadKeyById(info, source);
    return true;
  } catch (error) {
    if (error instanceof BrokerError) return false;
    throw error;
  }
}

async function replaceStore(
  staging: Db,
  path: string,
  keys: VaultKeys,
  options: RestoreOptions,
): Promise<string | null> {
  const { settings, now, actor, progress } = options;
  const stamp = new Date(now()).toISOString().replace(/[:.]/g, '-');
  const place = storeLocation(settings);
  const wasDamaged = await setDamagedAside(settings, stamp);
  const db = await openStore(place);
  try {
    const restored = await storeIdentity(staging);
    const replaced = await usedIdentity(db);
    const { lives, changes } = await everSeen(options);
    const identity = newIncarnation(restored, replaced, lives);
    const previous = join(settings.home, `store-before-restore-${stamp}.db`);
    await db.transaction().execute(async (trx) => {
      if (replaced !== null) await copyAside(trx, previous, progress);
      const counter = Math.max(changes, (await rowMacHead(trx))?.counter ?? 0);
      await replaceRows(staging, trx, (name, rows) => progress?.(`Restoring ${name}`, rows));
      useMacKeys(db, keys);
      await setStoreIdentity(trx, identity);
      await forgetKeys(options);
      await appendAudit(trx, now(), { action: 'restore', outcome: 'ok', subject: resolve(path), ...actor });
      if ((await rowMacHead(trx)) !== null) return renewHead(trx, counter);
      // A backup of an earlier version has no codes yet. It was proved as a whole.
      await authenticateAll(trx, counter);
      await signChain(trx, await chainStart(trx));
    });
    return replaced === null ? wasDamaged : previous;
  } finally {
    await db.destroy();
  }
}

/** Null for a store that holds nothing yet. */
async function usedIdentity(db: Db): Promise<StoreIdentity | null> {
  return (await isUnused(db)) ? null : await storeIdentity(db);
}

async function copyAside(from: Db, file: string, progress: RestoreOptions['progress']): Promise<void> {
  const to = await openStore(file);
  try {
    await to
      .transaction()
      .execute((trx) => replaceRows(from, trx, (name, rows) => progress?.(`Keeping ${name} aside`, rows)));
  } finally {
    await to.destroy();
  }
  fsyncDirectory(dirname(file));
}

/** A database file that cannot be read any more makes room; what uses it finds the new one at its next start. */
async function setDamagedAside(
  settings: Pick<Settings, 'home' | 'databaseUrl'>,
  stamp: string,
): Promise<string | null> {
  if (settings.databaseUrl !== null) return null;
  const file = databaseFile(settings.home);
  if (!existsSync(file) || !(await isDamaged(file))) return null;
  const previous = join(settings.home, `store-damaged-${stamp}.db`);
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${previous}${suffix}`);
  }
  fsyncDirectory(settings.home);
  return previous;
}
