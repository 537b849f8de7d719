import { Command } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { formatCount, plural } from '../../text/count.ts';
import { writeVerifiedBackup } from '../../vault/backup/verified.ts';
import { showCount } from '../terminal/progress.ts';
import { newPassphrase } from '../terminal/prompt-secret.ts';
import { note, suggestNext } from '../terminal/terminal.ts';
import { version } from '../version.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('backup')
    .description('Write an encrypted, verified copy of the store to a file, while it stays in use.')
    .argument('<file>', 'a file that does not exist yet')
    .option(
      '--passphrase',
      'also make it decryptable with a passphrase, for a host that has no key of this store',
    )
    .addHelpText('after', '\nExample:\n  webex-token backup /mnt/safe/webex-token-2027-03-01.backup')
    .action(backup);
}

async function backup(path: string, options: { passphrase?: boolean }): Promise<void> {
  if (path === '-') {
    throw new BrokerError('E_USAGE', 'A backup cannot be written to standard output.', {
      help: 'A backup has to be complete and stored on disk. Name a file that does not exist yet.',
    });
  }
  await withVault(async (vault, actor) => {
    const { backupPassphrase } = vault.settings;
    const passphrase = options.passphrase
      ? await newPassphrase(backupPassphrase, 'WEBEX_TOKEN_BACKUP_PASSPHRASE')
      : undefined;
    const count = showCount();
    try {
      const { rows, bytes, ...written } = await writeVerifiedBackup(vault, path, actor, {
        program: version,
        ...(passphrase !== undefined && { passphrase }),
        progress: (title, done) => count.at(title, done),
      });
      count.end();
      note(
        `Backup written and verified: ${written.path} (${formatCount(Math.ceil(bytes / 1024))} KiB, ${plural(rows, 'row')}).`,
      );
    } finally {
      count.end();
    }
    const { kind } = vault.keys.kek.info;
    if (passphrase === undefined && kind !== 'passphrase') {
      note(
        `Only the key of this store decrypts it, and that key is ${kind === 'file' ? 'in a file: keep a copy of that file elsewhere' : "in this computer's keychain"}. With --passphrase, you can also decrypt it with a passphrase.`,
      );
    }
    suggestNext(['restore', path], 'To restore it');
  });
}
