import { randomBytes, randomUUID } from 'node:crypto';
import { wrapDataKey } from '../../crypto/data-key.ts';
import { seal } from '../../crypto/jwe.ts';
import { AtomicFile } from '../../files/atomic-file.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { ContentHash, rowsOf, type TableContent } from '../../store/database/copy.ts';
import { type Table, tables } from '../../store/database/tables.ts';
import type { Db } from '../../store/db.ts';
import { listAllDataKeys, listKeyRecords } from '../../store/keys/keys.ts';
import { newestMigration } from '../../store/migrations/newest.ts';
import { instant } from '../../text/instant.ts';
import type { Actor, Vault } from '../context.ts';
import { createPassphraseKey } from '../keys/create-key.ts';
import type { VaultKeys } from '../keys/key-manager.ts';
import { withKeySnapshot } from '../keys/key-snapshot.ts';
import { type BackupHeader, type Chunk, ChunkCipher, formatVersion } from './format.ts';

/** Sessions and links are not part of a backup. */
export const excludedTables: readonly Table[] = [
  'sign_in',
  'web_session',
  'access_link',
  'relay_traffic',
  'relay_state',
];
export const includedTables = tables.filter((table) => !excludedTables.includes(table));

export interface BackupOptions {
  /** This program's version. */
  program: string;
  /** A passphrase that can decrypt the backup, in addition to the store's keys. */
  passphrase?: string;
  /** Called repeatedly with the number of rows written so far. */
  progress?: (rows: number) => void;
  /** Verifies the written file before it gets its final name. If this throws, the file is deleted. */
  verify?: (partial: string, contents: TableContent[]) => Promise<void>;
}

export interface WrittenBackup {
  path: string;
  rows: number;
  bytes: number;
}

/**
 * Writes a snapshot of the whole store to a new encrypted file. Other processes may use the store meanwhile. Writes the audit
 * row first.
 * Throws `E_FILE_EXISTS`, `E_FILE`.
 */
export async function writeBackup(
  vault: Pick<Vault, 'db' | 'keys' | 'now'>,
  path: string,
  actor: Actor,
  options: BackupOptions,
): Promise<WrittenBackup> {
  const file = new AtomicFile(path);
  try {
    await vault.db
      .transaction()
      .execute((trx) =>
        appendAudit(trx, vault.now(), { action: 'backup', outcome: 'ok', subject: file.path, ...actor }),
      );
    const contents = await withKeySnapshot(vault.db, vault.keys, async (snapshot) => {
      const key = randomBytes(32);
      const header = JSON.stringify(await headerOf(vault, snapshot, key, options));
      file.write(`${header}\n`);
      const { id } = JSON.parse(header) as BackupHeader;
      return await writeRows(snapshot, file, new ChunkCipher(key, id, header), options.progress);
    });
    await options.verify?.(file.partial, contents);
    file.finish();
    const rows = contents.reduce((sum, table) => sum + table.rows, 0);
    return { path: file.path, rows, bytes: file.bytes };
  } catch (error) {
    file.discard();
    throw error;
  }
}

async function headerOf(
  { keys, now }: Pick<Vault, 'keys' | 'now'>,
  snapshot: Db,
  key: Uint8Array,
  { program, passphrase }: BackupOptions,
): Promise<BackupHeader> {
  const id = randomUUID();
  const { id: dataKeyId, key: dataKey } = keys.ring.primaryKey;
  const records = await listKeyRecords(snapshot);
  const dataKeys = await listAllDataKeys(snapshot);
  return {
    'webex-token-backup': formatVersion,
    id,
    createdAt: instant(now()),
    program,
    schema: newestMigration,
    keys: records.map(({ info, name }) => ({ ...info, name })),
    dataKeys: dataKeys.map(({ createdAt: _, ...wrapped }) => wrapped),
    passphrase: passphrase === undefined ? null : await wrappedForPassphrase(keys, passphrase, dataKeys),
    backupKey: await seal(key, dataKey, dataKeyId, { backup: id }),
  };
}

async function wrappedForPassphrase(
  { ring }: VaultKeys,
  passphrase: string,
  known: { dataKeyId: string; generation: number }[],
): Promise<BackupHeader['passphrase']> {
  const { info, key } = await createPassphraseKey(passphrase);
  const generations = new Map(known.map(({ dataKeyId, generation }) => [dataKeyId, generation]));
  const dataKeys = await Promise.all(
    ring.dataKeys.map((dataKey) => wrapDataKey(dataKey.key, generations.get(dataKey.id) ?? 0, key)),
  );
  return { key: info, dataKeys };
}

/** How many characters of rows one line contains before compression. */
const chunkSize = 256 << 10;

async function writeRows(
  snapshot: Db,
  file: AtomicFile,
  cipher: ChunkCipher,
  progress: BackupOptions['progress'],
): Promise<TableContent[]> {
  const contents: TableContent[] = [];
  let chunk: Chunk = [];
  let size = 0;
  let line = 1;
  let rows = 0;
  const flush = async (last: boolean) => {
    file.write(`${await cipher.seal(chunk, line, last)}\n`);
    line += 1;
    chunk = [];
    size = 0;
    progress?.(rows);
  };
  for (const table of includedTables) {
    const content = new ContentHash();
    for await (const row of rowsOf(snapshot, table)) {
      content.add(row);
      chunk.push([table, row]);
      rows += 1;
      size += JSON.stringify(row).length;
      if (size >= chunkSize) await flush(false);
    }
    contents.push({ table, rows: content.rows, sha256: content.toString() });
  }
  await flush(true);
  return contents;
}
