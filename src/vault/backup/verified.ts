import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { BrokerError } from '../../errors/broker-error.ts';
import { isSameContent, type TableContent } from '../../store/copy.ts';
import { openStore } from '../../store/store.ts';
import type { Actor, Vault } from '../context.ts';
import { VaultKeys } from '../keys/key-manager.ts';
import { openBackup, openWithPassphrase } from './read.ts';
import { removeDraft, verifyBackup, writeDraft } from './restore.ts';
import { type BackupOptions, type WrittenBackup, writeBackup } from './write.ts';

export interface ProvenBackupOptions extends Omit<BackupOptions, 'progress' | 'prove'> {
  progress?: ((title: string, done: number) => void) | undefined;
}

type Source = Pick<Vault, 'db' | 'keys' | 'now' | 'settings'>;

/**
 * Writes a backup, and reads it back as a restore would, with the keys from where they are kept, before it counts: every
 * row, the audit log, every token. Throws what `writeBackup` throws, and `E_BACKUP_VERIFICATION`.
 */
export async function writeProvenBackup(
  vault: Source,
  path: string,
  actor: Actor,
  { progress, ...options }: ProvenBackupOptions,
): Promise<WrittenBackup> {
  const write = () =>
    writeBackup(vault, path, actor, {
      ...options,
      progress: (rows) => progress?.('Rows written', rows),
      prove: (partial, contents) => readBack(vault, partial, contents, { progress, ...options }),
    });
  for (;;) {
    const { id } = vault.keys.kek.info;
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof BrokerError) || !error.code.startsWith('E_BACKUP')) throw error;
      // The key may have been replaced while the backup was written: it is made again for the new one.
      await vault.keys.refresh();
      if (vault.keys.kek.info.id === id) throw unproven(error);
    }
  }
}

async function readBack(
  { settings, keys }: Source,
  partial: string,
  contents: TableContent[],
  { progress, passphrase }: ProvenBackupOptions,
): Promise<void> {
  const backup = await openBackup(partial, { own: keys.source, backupPassphrase: null });
  const ciphertext = backup.header.passphrase;
  if (passphrase !== undefined && ciphertext !== null)
    await openWithPassphrase(ciphertext, keys.source, passphrase);
  const draft = join(settings.home, `backup-${randomUUID()}.db`);
  try {
    await writeDraft(draft, partial, backup, { ...(progress && { progress }) });
    const db = await openStore(draft);
    try {
      for (const content of contents) {
        if (!(await isSameContent(db, content))) throw notAsWritten(content.table);
      }
      await verifyBackup(db, VaultKeys.of(db, keys.source, backup.held, backup.ring), {
        ...(progress && { progress }),
      });
    } finally {
      await db.destroy();
    }
  } finally {
    removeDraft(draft);
  }
}

function notAsWritten(table: string): BrokerError {
  return new BrokerError('E_BACKUP', `The table ${table} does not come back as it was written.`);
}

function unproven(cause: BrokerError): BrokerError {
  return new BrokerError('E_BACKUP_VERIFICATION', `The backup cannot be restored: ${cause.message}`, {
    help: 'It was read back to prove it, and was discarded. Nothing was changed. "webex-token log --verify" and "webex-token check" tell whether the store itself is sound.',
    cause,
  });
}
