import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { BrokerError } from '../../errors/broker-error.ts';
import { isSameContent, type TableContent } from '../../store/database/copy.ts';
import { openStore } from '../../store/store.ts';
import type { Actor, Vault } from '../context.ts';
import { VaultKeys } from '../keys/key-manager.ts';
import { openBackup, openWithPassphrase } from './read.ts';
import { removeStoreFile, verifyBackup, writeStaging } from './restore.ts';
import { type BackupOptions, type WrittenBackup, writeBackup } from './write.ts';

export interface VerifiedBackupOptions extends Omit<BackupOptions, 'progress' | 'verify'> {
  progress?: ((title: string, done: number) => void) | undefined;
}

type Source = Pick<Vault, 'db' | 'keys' | 'now' | 'settings'>;

/**
 * Writes a backup. Before the file gets its final name, reads it back like a restore does, with keys loaded from their storage,
 * and verifies every row, the audit log and every token. Throws the errors of `writeBackup`, and `E_BACKUP_VERIFICATION`.
 */
export async function writeVerifiedBackup(
  vault: Source,
  path: string,
  actor: Actor,
  { progress, ...options }: VerifiedBackupOptions,
): Promise<WrittenBackup> {
  const write = () =>
    writeBackup(vault, path, actor, {
      ...options,
      progress: (rows) => progress?.('Rows written', rows),
      verify: (partial, contents) => readBack(vault, partial, contents, { progress, ...options }),
    });
  for (;;) {
    const { id } = vault.keys.kek.info;
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof BrokerError) || !error.code.startsWith('E_BACKUP')) throw error;
      // If the key was replaced while the backup was written, the backup is written again for the new key.
      await vault.keys.refresh();
      if (vault.keys.kek.info.id === id) throw verificationFailed(error);
    }
  }
}

async function readBack(
  { settings, keys }: Source,
  partial: string,
  contents: TableContent[],
  { progress, passphrase }: VerifiedBackupOptions,
): Promise<void> {
  const backup = await openBackup(partial, { own: keys.source, backupPassphrase: null });
  const wrapped = backup.header.passphrase;
  if (passphrase !== undefined && wrapped !== null)
    await openWithPassphrase(wrapped, keys.source, passphrase);
  const staging = join(settings.home, `backup-${randomUUID()}.db`);
  try {
    await writeStaging(staging, partial, backup, { ...(progress && { progress }) });
    const db = await openStore(staging);
    try {
      for (const content of contents) {
        if (!(await isSameContent(db, content))) throw tableDiffers(content.table);
      }
      await verifyBackup(db, VaultKeys.of(db, keys.source, backup.kek, backup.ring), {
        ...(progress && { progress }),
      });
    } finally {
      await db.destroy();
    }
  } finally {
    removeStoreFile(staging);
  }
}

function tableDiffers(table: string): BrokerError {
  return new BrokerError('E_BACKUP', `The table ${table} differs from the store.`);
}

function verificationFailed(cause: BrokerError): BrokerError {
  return new BrokerError('E_BACKUP_VERIFICATION', `The backup cannot be restored: ${cause.message}`, {
    help: [
      'The backup failed its verification and was deleted. Nothing was changed.',
      { text: 'To check the audit log of the store', command: ['log', '--verify'] },
    ],
    cause,
  });
}
