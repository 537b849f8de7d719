import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { readSettings } from '../../config/settings.ts';
import { systemKeychain } from '../../crypto/keychain.ts';
import { userName } from '../../environment/os-user.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { isPostgresUrl, parsePostgresUrl, redactedLocation } from '../../store/postgres/url.ts';
import { formatCount } from '../../text/count.ts';
import { type CopyResult, copyStoreTo } from '../../vault/backup/copy-store.ts';
import { printTable } from '../terminal/print-table.ts';
import { showCount } from '../terminal/progress.ts';
import { note, printJson, suggestNext, warn } from '../terminal/terminal.ts';

export function command(): Command {
  const store = new Command('store').description('Copy the whole database.');
  store
    .command('copy')
    .description('Copy the store to an empty database and verify the copy.')
    .argument(
      '<from>',
      'the existing store: a SQLite file, postgres://…, or env:NAME for a variable that holds either',
    )
    .argument('<to>', 'an empty database, or a file that does not exist yet')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  webex-token store copy ~/.local/share/webex-token/store.db env:WEBEX_TOKEN_DATABASE_URL',
    )
    .action(copy);
  return store;
}

async function copy(fromText: string, toText: string, options: { json?: boolean }): Promise<void> {
  const [from, to] = [placeOf(fromText), placeOf(toText)];
  if (!isPostgresUrl(from) && !existsSync(from)) {
    throw new BrokerError('E_USAGE', `There is no store at ${from}.`);
  }
  if (from === to) throw new BrokerError('E_USAGE', 'Both are the same store.');
  const count = showCount();
  let copied: CopyResult;
  try {
    copied = await copyStoreTo(from, to, {
      settings: readSettings(),
      keychain: systemKeychain,
      now: Date.now,
      actor: { user: userName() },
      progress: (name, rows) => count.at(`Copying ${name}`, rows),
      opened: (tokens) => count.at('Opening tokens in the copy', tokens),
    });
  } finally {
    count.end();
  }
  report(copied, from, to, options.json === true);
}

function report(
  { tables, tokens, changedMeanwhile }: CopyResult,
  from: string,
  to: string,
  json: boolean,
): void {
  if (json) {
    printJson({
      from: redactedLocation(from),
      to: redactedLocation(to),
      tables,
      tokensOpened: tokens,
      changedMeanwhile,
    });
  } else {
    const rows = tables.map((each) => [each.table, String(each.rows), each.sha256.slice(0, 16)]);
    printTable(['TABLE', 'ROWS', 'SHA-256'], rows);
  }
  note(
    `Copied and verified ${redactedLocation(to)}: every row is identical, the audit log is intact, and ${tokens === 1 ? 'its token' : `all ${formatCount(tokens)} tokens`} can be decrypted.`,
  );
  if (changedMeanwhile) {
    warn(
      'The old store changed after it was copied. Stop the programs that use it, then copy it again to an empty database.',
    );
  }
  if (isPostgresUrl(to)) {
    note(
      'To use the copy, set WEBEX_TOKEN_DATABASE_URL to its address. The key is not copied, but every host needs it.',
    );
  }
  note('The old store is unchanged. Delete it when the new one works.');
  suggestNext(['doctor'], 'To check the new store, once the variable is set');
}

/** Throws `E_USAGE`, `E_DATABASE_URL`. */
function placeOf(text: string): string {
  const name = /^env:(.*)$/.exec(text)?.[1];
  const place = name === undefined ? text : process.env[name];
  if (place === undefined || place === '') {
    throw new BrokerError('E_USAGE', `The environment variable ${name ?? ''} is not set.`);
  }
  if (isPostgresUrl(place) && parsePostgresUrl(place).password !== undefined && name === undefined) {
    warn(
      'Every user of this computer can read a password in command-line arguments. Put the address into an environment variable and pass env:NAME.',
    );
  }
  return place;
}
