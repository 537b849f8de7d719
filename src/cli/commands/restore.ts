import { Command } from 'commander';
import { readSettings } from '../../config/settings.ts';
import { systemKeychain } from '../../crypto/keychain.ts';
import { userName } from '../../environment/os-user.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { formatCount, plural } from '../../text/count.ts';
import { acceptRolledBackStore } from '../../vault/backup/accept-rollback.ts';
import { type Restored, type RestoreOptions, restoreBackup } from '../../vault/backup/restore.ts';
import { confirmDestructive } from '../terminal/confirm.ts';
import { showCount } from '../terminal/progress.ts';
import { promptSecret } from '../terminal/prompt-secret.ts';
import { note, suggestNext, warn } from '../terminal/terminal.ts';
import { timeInSentence } from '../terminal/time.ts';

export function command(): Command {
  return new Command('restore')
    .description('Verify a backup and replace the store with it. The previous store is kept.')
    .argument('[file]', 'the backup file')
    .option('--key-file <path>', 'the key file of the host that wrote the backup')
    .option('--accept-rollback', 'accept a database that was rolled back or changed on purpose')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token restore /mnt/safe/webex-token-2027-03-01.backup\n  webex-token restore --key-file /mnt/safe/key.jwk /mnt/safe/webex-token-2027-03-01.backup',
    )
    .action(restore);
}

async function restore(
  path: string | undefined,
  { keyFile, acceptRollback, yes }: { keyFile?: string; acceptRollback?: boolean; yes?: boolean },
): Promise<void> {
  const settings = readSettings();
  const actor = { user: userName() };
  if ((path === undefined) !== (acceptRollback === true)) {
    throw new BrokerError('E_USAGE', 'Name a backup file, or use --accept-rollback.');
  }
  const question =
    path === undefined ? 'Accept the database as it is now?' : `Replace the store with the backup ${path}?`;
  if (!(await confirmDestructive(question, 'Nothing was changed.', { yes }))) return;
  if (path === undefined) {
    const { removed, changed } = await acceptRolledBackStore(settings, systemKeychain, Date.now, actor);
    for (const each of removed) warn(`Removed because this program did not write it: ${each}`);
    for (const each of changed) warn(`Changed outside this program; review it before you use it: ${each}`);
    note('The store is accepted as it is now. Changes made after that copy was created are lost.');
    suggestNext(['status']);
    return;
  }
  const count = showCount();
  const options: RestoreOptions = {
    settings,
    keychain: systemKeychain,
    now: Date.now,
    actor,
    onWarning: warn,
    ...(keyFile !== undefined && { keyFile }),
    progress: (title, done) => count.at(title, done),
  };
  try {
    report(await restoreOrAsk(path, options));
  } finally {
    count.end();
  }
}

/** Asks for a passphrase if no key decrypts the backup. */
async function restoreOrAsk(path: string, options: RestoreOptions): Promise<Restored> {
  try {
    return await restoreBackup(path, options);
  } catch (error) {
    const isTerminal = process.stdin.isTTY && process.stderr.isTTY;
    if (!isTerminal || !(error instanceof BrokerError) || error.code !== 'E_BACKUP_KEY') throw error;
    note(error.message);
    const passphrase = await promptSecret('Passphrase of that host or of the backup');
    if (passphrase === null) throw error;
    return await restoreBackup(path, { ...options, passphrase });
  }
}

function report({ createdAt, tokens, profiles, previous, newKey }: Restored): void {
  note(
    `Restored the backup of ${timeInSentence(createdAt)}: ${plural(profiles, 'profile')}, and all tokens can be decrypted (${formatCount(tokens)}).`,
  );
  if (previous !== null) note(`The previous store was kept: ${previous}`);
  if (newKey !== null) {
    const places = {
      keychain: 'in its keychain',
      file: 'in a key file',
      passphrase: 'from WEBEX_TOKEN_PASSPHRASE',
    };
    note(
      `This host has a new key, ${places[newKey]}. "webex-token key status" lists the other keys of the store.`,
    );
  }
  suggestNext(['status']);
}
