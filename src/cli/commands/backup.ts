import { Command } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { writeProvenBackup } from '../../vault/backup/verified.ts';
import { showCount } from '../terminal/progress.ts';
import { newPassphrase } from '../terminal/prompt-secret.ts';
import { note } from '../terminal/terminal.ts';
import { version } from '../version.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('backup')
    .description(
      "Write the whole store into one new file, sealed for the store's own keys, while others go on using it.",
    )
    .argument('<file>', 'a file that is not there yet')
    .option('--passphrase', 'let a passphrase open it too: what to keep where no key of this store will be')
    .addHelpText('after', '\nExample:\n  webex-token backup /mnt/safe/webex-token-2027-03-01.backup')
    .action(backup);
}

async function backup(path: string, options: { passphrase?: boolean }): Promise<void> {
  if (path === '-') {
    throw new BrokerError('E_USAGE', 'A backup is written to a file, not to standard output.', {
      help: 'Only so can it be whole and durable before it counts. Name a file that is not there yet.',
    });
  }
  await withVault(async (vault, actor) => {
    const { backupPassphrase } = vault.settings;
    const passphrase = options.passphrase
      ? await newPassphrase(backupPassphrase, 'WEBEX_TOKEN_BACKUP_PASSPHRASE')
      : undefined;
    const count = showCount();
    try {
      const { rows, bytes, ...written } = await writeProvenBackup(vault, path, actor, {
        program: version,
        ...(passphrase !== undefined && { passphrase }),
        progress: (title, done) => count.at(title, done),
      });
      count.end();
      note(
        `Written, and proved by reading it back: ${written.path}, ${Math.ceil(bytes / 1024).toLocaleString('en')} KiB, ${rows} rows.`,
      );
    } finally {
      count.end();
    }
    const { kind } = vault.keys.kek.info;
    if (passphrase === undefined && kind !== 'passphrase') {
      note(
        `It opens with this store's key alone, which is ${kind === 'file' ? 'a file: keep a copy of it elsewhere' : "in this machine's keychain"}. With --passphrase, a passphrase opens it too.`,
      );
    }
  });
}
