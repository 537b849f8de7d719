import { Command } from 'commander';
import { readSettings } from '../../config/settings.ts';
import { systemKeychain } from '../../crypto/keychain.ts';
import { userName } from '../../environment/os-user.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { acceptRolledBackStore } from '../../vault/backup/accept-rollback.ts';
import { type Restored, type RestoreOptions, restoreBackup } from '../../vault/backup/restore.ts';
import { showCount } from '../terminal/progress.ts';
import { promptSecret } from '../terminal/prompt-secret.ts';
import { note, warn } from '../terminal/terminal.ts';

export function command(): Command {
  return new Command('restore')
    .description(
      'Bring back a backup. It is proved first: every line of it, the audit log, and that every token opens; then it\n' +
        'takes the place of what is in the store, which is kept aside.',
    )
    .argument('[file]', 'what "webex-token backup" wrote')
    .option('--key-file <path>', 'the key file of the host that wrote it')
    .option(
      '--accept-rollback',
      'take the store as it is, where the database was set back or changed on purpose',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token restore /mnt/safe/webex-token-2027-03-01.backup\n  webex-token restore --key-file /mnt/safe/key.jwk /mnt/safe/webex-token-2027-03-01.backup',
    )
    .action(restore);
}

async function restore(
  path: string | undefined,
  { keyFile, acceptRollback }: { keyFile?: string; acceptRollback?: boolean },
): Promise<void> {
  const settings = readSettings();
  const actor = { user: userName() };
  if ((path === undefined) !== (acceptRollback === true)) {
    throw new BrokerError('E_USAGE', 'Name either a backup file, or --accept-rollback.');
  }
  if (path === undefined) {
    const { removed, changed } = await acceptRolledBackStore(settings, systemKeychain, Date.now, actor);
    for (const each of removed) warn(`Removed, for this program did not write it: ${each}`);
    for (const each of changed) warn(`Changed from outside, look at it before you use it: ${each}`);
    note(
      'The store counts as it is now. What was stored or removed after that copy was made is missing in it.',
    );
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

/** Where no key is at hand, the person may know a passphrase. */
async function restoreOrAsk(path: string, options: RestoreOptions): Promise<Restored> {
  try {
    return await restoreBackup(path, options);
  } catch (error) {
    if (!(error instanceof BrokerError) || error.code !== 'E_BACKUP_KEY') throw error;
    note(error.message);
    const passphrase = await promptSecret('Passphrase of that host, or of the backup');
    if (passphrase === null) throw error;
    return await restoreBackup(path, { ...options, passphrase });
  }
}

function report({ createdAt, tokens, profiles, previous, newKey }: Restored): void {
  note(`Restored the store as it was at ${createdAt}: ${profiles} profiles, and all ${tokens} tokens open.`);
  if (previous !== null) note(`What was there before is kept aside: ${previous}`);
  if (newKey !== null) {
    const words = {
      keychain: 'in its keychain',
      file: 'in a key file',
      passphrase: 'by WEBEX_TOKEN_PASSPHRASE',
    };
    note(
      `This machine got a key of its own, ${words[newKey]}. "webex-token key status" lists the others that open the store too.`,
    );
  }
}
