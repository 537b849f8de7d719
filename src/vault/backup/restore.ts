import { randomUUID } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import type { Keychain } from '../../crypto/keychain.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { ensurePrivateDirectory, fsyncDirectory } from '../../files/private-files.ts';
import { appendAudit, verifyAudit } from '../../store/audit/audit.ts';
import { rowText } from '../../store/audit/chain.ts';
import { chainStates, signChain, unsignedStart } from '../../store/audit/heads.ts';
import { clearTables, insertRows, isUnused, replaceRows, tableNames } from '../../store/database/copy.ts';
import type { Table } from '../../store/database/tables.ts';
import type { Db } from '../../store/db.ts';
import { authenticateAll } from '../../store/integrity/all-rows.ts';
import { renewHead } from '../../store/integrity/changes.ts';
import { useMacKeys } from '../../store/integrity/mac-keys.ts';
import { rowMacHead } from '../../store/integrity/mac-queries.ts';
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
import { instant } from '../../text/instant.ts';
import type { Actor } from '../context.ts';
import { forgetKeys } from '../integrity/key-memory.ts';
import { allSeenStates } from '../integrity/rollback-detection.ts';
import { wrapForLocalKey } from '../key-operations/add-key.ts';
import { VaultKeys } from '../keys/key-manager.ts';
import { type KeySource, loadKeyById } from '../keys/load-key.ts';
import { createFirstKey } from '../keys/open-keys.ts';
import { verifySavedChannels } from '../reminders/channel-settings.ts';
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
  /** The key file of the host that wrote the backup. */
  keyFile?: string;
  /** The passphrase of that host, or of the backup. */
  passphrase?: string;
  progress?: (title: string, done: number) => void;
}

export interface Restored {
  createdAt: string;
  tokens: number;
  profiles: number;
  /** The file that the replaced store was saved to; null if there was none. */
  previous: string | null;
  /** The kind of the key that was created for this host; null if it has one of the store's keys. */
  newKey: 'keychain' | 'file' | 'passphrase' | null;
}

/**
 * Restores a backup. It is first written to a staging store and verified there: every line, the audit log, and that every
 * token can be decrypted. Then it replaces the content of the store in one transaction, even while other processes use the
 * store. The replaced content is saved to a file. Throws `E_BACKUP…`, `E_STORE_NEWER`, and all errors of opening a store.
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
    await writeStaging(staging, path, backup, options);
    const db = await openStore(staging);
    try {
      if (!backup.isStoreKey) await addTemporaryKey(db, backup, options);
      const keys = VaultKeys.of(db, source, backup.kek, backup.ring);
      const tokens = await verifyBackup(db, keys, options);
      const newKey = await createOwnKey(db, keys, backup, options);
      if (!backup.isStoreKey) await deleteKeyEncryptionKey(db, backup.kek.info.id);
      const previous = await replaceStore(db, path, keys, options);
      const { all: profiles } = await countDueBy(db, {});
      return { createdAt: backup.header.createdAt, tokens, profiles, previous, newKey };
    } finally {
      await db.destroy();
    }
  } finally {
    removeStoreFile(staging);
  }
}

export function removeStoreFile(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
}

/** Uses the passphrase of the backup as a key of the store until this host has its own. */
async function addTemporaryKey(
  db: Db,
  { kek, header }: OpenedBackup,
  { now }: RestoreOptions,
): Promise<void> {
  const noAuthorization = { name: '', publicKey: null, authorization: null, createdAt: now() };
  await insertKeyRecord(db, { info: kek.info, ...noAuthorization });
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

/** Writes a backup to a new SQLite file, with the tables of its schema version. Throws `E_BACKUP`. */
export async function writeStaging(
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

/** Inserts consecutive rows of one table together, a few hundred at a time. */
async function insertChunk(trx: Db, chunk: Chunk): Promise<void> {
  const isKept = (table: string): table is Table => (includedTables as readonly string[]).includes(table);
  for (let from = 0; from < chunk.length; ) {
    const table = chunk[from]?.[0] ?? '';
    if (!isKept(table)) throw backupDamaged(`it contains the unknown table ${table.slice(0, 40)}`);
    let to = from;
    while (to < chunk.length && chunk[to]?.[0] === table && to - from < 500) to += 1;
    const rows = chunk.slice(from, to).map(([, row]) => row);
    await insertRows(trx, table, rows);
    from = to;
  }
}

/**
 * Verifies the audit log, and decrypts every token and the reminder settings. Returns the number of tokens. Throws `E_BACKUP`,
 * `E_INTEGRITY`.
 */
export async function verifyBackup(
  db: Db,
  keys: VaultKeys,
  { progress }: Pick<RestoreOptions, 'progress'>,
): Promise<number> {
  const { broken } = await verifyAudit(db);
  if (broken !== null) throw backupDamaged(`its audit log is broken at ${rowText(broken)}: ${broken.reason}`);
  let tokens = 0;
  for await (const { id, profileId, ciphertext } of iterateCiphertexts(db)) {
    await keys.open(ciphertext, { tokenId: id, profileId });
    tokens += 1;
    progress?.('Decrypting every token', tokens);
  }
  await verifySavedChannels({ db, keys });
  return tokens;
}

/** Creates a key for this host if it has none of the store's keys. */
async function createOwnKey(
  db: Db,
  keys: VaultKeys,
  { kek, isStoreKey }: OpenedBackup,
  options: RestoreOptions,
): Promise<Restored['newKey']> {
  const { now } = options;
  if (isStoreKey && (await canLoad(kek.info, options))) return null;
  const newKey = await createFirstKey(options);
  const known = (await listKeyEncryptionKeys(db)).some(({ id }) => id === newKey.info.id);
  if (known) return null;
  await db.transaction().execute((trx) => wrapForLocalKey(trx, { db, keys, now }, newKey));
  return newKey.info.kind;
}

async function canLoad(info: Parameters<typeof loadKeyById>[0], source: KeySource): Promise<boolean> {
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
  const stamp = instant(now()).replace(/[:.]/g, '-');
  const location = storeLocation(settings);
  const previous = join(settings.home, `store-before-restore-${stamp}.db`);
  const damaged = await moveDamagedStore(settings, stamp);
  const db = await openStore(location);
  try {
    const restored = await storeIdentity(staging);
    const replaced = await usedIdentity(db);
    const { incarnations, changes } = await allSeenStates(options);
    const identity = newIncarnation(restored, replaced, incarnations);
    const replace = async (trx: Db) => {
      if (replaced !== null) await copyReplaced(trx, previous, progress);
      const counter = Math.max(changes, (await rowMacHead(trx))?.counter ?? 0);
      await replaceRows(staging, trx, (name, rows) => progress?.(`Restoring ${name}`, rows));
      useMacKeys(db, keys);
      await setStoreIdentity(trx, identity);
      await forgetKeys(options);
      await appendAudit(trx, now(), { action: 'restore', outcome: 'ok', subject: resolve(path), ...actor });
      if ((await rowMacHead(trx)) !== null) return renewHead(trx, counter);
      // A backup from an earlier version has no row MACs, but was authenticated as a whole.
      await authenticateAll(trx, counter);
      for (const chain of await chainStates(trx))
        await signChain(trx, chain.id, await unsignedStart(trx, chain));
    };
    await db.transaction().execute(async (trx) => {
      try {
        await replace(trx);
      } catch (error) {
        // Nothing is replaced. Not after a failed commit, which may have reached the database.
        removeStoreFile(previous);
        throw error;
      }
    });
    return replaced === null ? damaged : previous;
  } finally {
    await db.destroy();
  }
}

/** The identity of a store that was used; null if it is empty. */
async function usedIdentity(db: Db): Promise<StoreIdentity | null> {
  return (await isUnused(db)) ? null : await storeIdentity(db);
}

async function copyReplaced(from: Db, file: string, progress: RestoreOptions['progress']): Promise<void> {
  const to = await openStore(file);
  try {
    await to
      .transaction()
      .execute((trx) =>
        replaceRows(from, trx, (name, rows) => progress?.(`Saving the replaced ${name}`, rows)),
      );
  } finally {
    await to.destroy();
  }
  fsyncDirectory(dirname(file));
}

/** Moves an unreadable database file out of the way. Running processes use the new file from their next start. */
async function moveDamagedStore(
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
