import { Command, Option } from 'commander';
import { readSettings } from '../../config/settings.ts';
import { shortKeyId } from '../../crypto/key-id.ts';
import {
  fingerprint,
  formatRequest,
  type KeyRequest,
  parseRequest,
  requestFor,
} from '../../crypto/key-request.ts';
import { systemKeychain } from '../../crypto/keychain.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { ensurePrivateDirectory } from '../../files/private-files.ts';
import { formatCount, plural } from '../../text/count.ts';
import { instant } from '../../text/instant.ts';
import type { Vault } from '../../vault/context.ts';
import { expectEnrollment } from '../../vault/integrity/key-memory.ts';
import { addLocalKey, approveKeyRequest } from '../../vault/key-operations/add-key.ts';
import { type KeyDescription, type KeyStatus, keyStatus } from '../../vault/key-operations/key-status.ts';
import { removeKey } from '../../vault/key-operations/remove-key.ts';
import { type ReplacementResult, replaceKey } from '../../vault/key-operations/replace-key.ts';
import { type RotationResult, rotateDataKey } from '../../vault/key-operations/rotate-data-key.ts';
import {
  createFileKey,
  createKeychainKey,
  createPassphraseKey,
  type KeyKind,
} from '../../vault/keys/create-key.ts';
import { defaultKeyName } from '../../vault/keys/host.ts';
import { type KeySource, keyFilePath } from '../../vault/keys/load-key.ts';
import { confirm, confirmDestructive } from '../terminal/confirm.ts';
import { readHiddenInput } from '../terminal/hidden-input.ts';
import { printTable } from '../terminal/print-table.ts';
import { showProgress } from '../terminal/progress.ts';
import { newPassphrase } from '../terminal/prompt-secret.ts';
import { note, print, printJson, readStandardInput, suggestNext, warn } from '../terminal/terminal.ts';
import { dateInTable } from '../terminal/time.ts';
import { withVault } from '../with-vault.ts';

const kinds: KeyKind[] = ['keychain', 'file', 'passphrase'];

export function command(): Command {
  const key = new Command('key').description('Manage the encryption keys of the store.');
  key
    .command('status')
    .description('List the keys and the hosts that use them.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  webex-token key status')
    .action(status);
  key
    .command('rotate')
    .description(
      'Create a new data key and re-encrypt every token; with --to, replace the key of this host instead.',
    )
    .addOption(new Option('--to <kind>', 'where to keep the new key').choices(kinds))
    .addHelpText(
      'after',
      '\nIf it is interrupted, run it again to finish.\n\nExamples:\n  webex-token key rotate\n  webex-token key rotate --to keychain',
    )
    .action(rotate);
  key
    .command('add')
    .description('Add a key: from another host\'s "key request" (default), or a new key for this host.')
    .addOption(
      new Option('--keychain', "a new key in this computer's keychain").conflicts(['file', 'passphrase']),
    )
    .addOption(new Option('--file', 'a new key in the file WEBEX_TOKEN_KEY_FILE').conflicts('passphrase'))
    .option(
      '--fingerprint <text>',
      'the fingerprint that the sender of the request sees; required without a terminal',
    )
    .addOption(new Option('--passphrase', 'a passphrase, for example to keep in a safe'))
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token key add\n  webex-token key add --fingerprint 1f2e-3d4c-5b6a-7988-0716 < request.txt\n  webex-token key add --passphrase',
    )
    .action(add);
  key
    .command('request')
    .description('Create a key on a new host and print the request for "key add".')
    .addOption(new Option('--file', 'keep the key in the file WEBEX_TOKEN_KEY_FILE instead of the keychain'))
    .addHelpText('after', '\nExample:\n  webex-token key request > request.txt')
    .action(request);
  key
    .command('remove')
    .description('Remove a key and re-encrypt every token, so that the key no longer decrypts anything.')
    .argument('<id>', 'the ID of the key, from "key status"')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText('after', '\nExample:\n  webex-token key remove Vt3kQ0aB')
    .action(remove);
  return key;
}

async function status(options: { json?: boolean }): Promise<void> {
  const found = await withVault((vault) => keyStatus(vault));
  if (options.json) return printJson(toJson(found));
  const rows = found.keys.map((key) => [
    shortKeyId(key.id),
    key.kind,
    key.name,
    dateInTable(key.createdAt),
    key.usedHere ? `yes: ${key.location}` : 'no',
    key.hosts.map(({ host, seenAt }) => `${host} (${dateInTable(seenAt)})`).join(', '),
  ]);
  printTable(['KEY', 'KIND', 'CREATED BY', 'CREATED', 'USED HERE', 'HOSTS (LAST USED)'], rows);
  print('');
  const dataKeys = found.dataKeys.map(({ id, createdAt, wrappedFor, current }) => [
    shortKeyId(id),
    dateInTable(createdAt),
    String(wrappedFor),
    current ? 'encrypts new tokens' : 'kept until every key that it authorizes has been used again',
  ]);
  printTable(['DATA KEY', 'CREATED', 'KEYS', 'USE'], dataKeys);
  for (const key of found.keys.filter(({ authorized }) => !authorized)) warn(unauthorizedKeySentence(key));
  if (found.unfinished !== null) {
    const again = found.unfinished === 'rotation' ? 'key rotate' : 'key rotate --to …';
    warn(
      `A key rotation is running or was interrupted. No token is lost. If it is not running, finish it: webex-token ${again}`,
    );
  }
}

function unauthorizedKeySentence({ id, name }: KeyDescription): string {
  return `No key holder authorized the key ${shortKeyId(id)} (${name}). Something other than this program wrote it to the database. Remove it: webex-token key remove ${shortKeyId(id)}`;
}

function toJson({ keys, dataKeys, unfinished }: KeyStatus): unknown {
  return {
    keys: keys.map((key) => ({
      ...key,
      createdAt: instant(key.createdAt),
      hosts: key.hosts.map(({ host, seenAt }) => ({ host, seenAt: instant(seenAt) })),
    })),
    dataKeys: dataKeys.map((dataKey) => ({ ...dataKey, createdAt: instant(dataKey.createdAt) })),
    unfinished,
  };
}

async function rotate({ to }: { to?: KeyKind }): Promise<void> {
  await withVault(async (vault, actor) => {
    if (to === undefined) {
      report(await withProgress((progress) => rotateDataKey(vault, actor, progress)));
      return;
    }
    const passphrase = to === 'passphrase' ? await passphraseFor(vault) : undefined;
    const replaced = await replaceKey(
      vault,
      { kind: to, ...(passphrase !== undefined && { passphrase }) },
      actor,
    );
    reportReplaced(vault, replaced);
  });
}

/** If the current key is not a passphrase, WEBEX_TOKEN_PASSPHRASE may already contain the new passphrase. */
async function passphraseFor({ settings, keys }: Vault): Promise<string> {
  const isFree = keys.kek.info.kind !== 'passphrase';
  return await newPassphrase(
    settings.newPassphrase ?? (isFree ? settings.passphrase : null),
    'WEBEX_TOKEN_NEW_PASSPHRASE',
  );
}

function report({ reencrypted, unreadable, resumed }: RotationResult): void {
  note(
    `${resumed ? 'Finished the interrupted rotation. ' : ''}Re-encrypted ${plural(reencrypted, 'token')}. Old data key deleted.`,
  );
  if (unreadable.length > 0) {
    warn(
      `No key decrypts ${formatCount(unreadable.length)} of the tokens. This was already so before the rotation. "webex-token check" lists their profiles.`,
    );
  }
  note('Existing backups still need the old keys. Create a new backup.');
  suggestNext(['backup', 'FILE']);
}

function reportReplaced({ settings }: Vault, { oldKey, newKey, usedBy }: ReplacementResult): void {
  const places = {
    keychain: "in the operating system's keychain",
    file: `the file ${keyFilePath(settings)}`,
    passphrase: 'the passphrase',
  };
  note(`The key of the store is now ${places[newKey.kind]}. It decrypts everything.`);
  if (newKey.kind === 'passphrase') note('Set WEBEX_TOKEN_PASSPHRASE on every host that runs this program.');
  if (usedBy.length > 0) {
    warn(
      `The old key was kept because ${usedBy.join(', ')} uses it. Give that host the new key, then run: webex-token key remove ${shortKeyId(oldKey.id)}`,
    );
    return;
  }
  if (oldKey.kind === 'file' && settings.keyFile !== null && newKey.kind !== 'file') {
    note(`The old key file was not deleted because other stores may use it: ${settings.keyFile}`);
  }
  note('The old key no longer decrypts the store, but existing backups still need it. Create a new backup.');
  suggestNext(['backup', 'FILE']);
}

/** Confirms, before the store is opened, that nobody changed the request on its way. Throws `E_KEY_REQUEST`. */
async function confirmRequest(request: KeyRequest, expected: string | undefined): Promise<void> {
  const actual = fingerprint(request);
  if (expected !== undefined) {
    if (comparable(expected) === comparable(actual)) return;
    throw new BrokerError('E_KEY_REQUEST', 'The fingerprint of the request does not match.', {
      help: 'The request was modified on its way, or it is a different request. Nothing was changed.',
    });
  }
  note(`${request.name} requests access to every token. The fingerprint of its key: ${actual}`);
  if (await confirm('Does the sender of the request see the same fingerprint?')) return;
  throw new BrokerError('E_KEY_REQUEST', 'The key was not added.', { help: 'Nothing was changed.' });
}

function comparable(fingerprint: string): string {
  return fingerprint.toLowerCase().replace(/[\s-]/g, '');
}

/** Reads the request. Without a terminal, the expected fingerprint is required. Throws `E_USAGE`. */
async function readRequest(expected: string | undefined): Promise<KeyRequest> {
  if (process.stdin.isTTY && process.stderr.isTTY) {
    note('Paste the line that "webex-token key request" printed, then press Enter.');
    return parseRequest(await readHiddenInput());
  }
  if (expected === undefined) {
    throw new BrokerError('E_USAGE', '--fingerprint is required without a terminal.', {
      help: [
        'Get the fingerprint from the sender, through a different channel than the request.',
        { text: 'The sender sees it below the request', command: ['key', 'request'] },
        'Nothing was changed.',
      ],
    });
  }
  return parseRequest(await readStandardInput(10_000));
}

interface AddOptions {
  fingerprint?: string;
  keychain?: boolean;
  file?: boolean;
  passphrase?: boolean;
}

async function add(options: AddOptions): Promise<void> {
  const own = options.keychain || options.file || options.passphrase;
  if (!own) return await addRequested(options.fingerprint);
  await withVault(async (vault, actor) => {
    const { source } = vault.keys;
    const made = options.keychain
      ? await createKeychainKey(source)
      : options.file
        ? createFileKey(source)
        : await createPassphraseKey(
            await newPassphrase(vault.settings.newPassphrase, 'WEBEX_TOKEN_NEW_PASSPHRASE'),
          );
    try {
      await addLocalKey(vault, made, actor);
    } catch (error) {
      await made.undo().catch(() => {});
      throw error;
    }
    note(
      `Added the key ${shortKeyId(made.info.id)} (${made.info.kind}). Both keys can now decrypt the store.`,
    );
    suggestNext(['key', 'status']);
  });
}

async function addRequested(expected: string | undefined): Promise<void> {
  const wanted = await readRequest(expected);
  await confirmRequest(wanted, expected);
  await withVault(async (vault, actor) => {
    await approveKeyRequest(vault, wanted, actor);
    note(`Added the key ${shortKeyId(wanted.id)} of ${wanted.name}. It can now decrypt the store.`);
    suggestNext(['key', 'status']);
  });
}

async function request(options: { file?: boolean }): Promise<void> {
  const settings = readSettings();
  if (options.file && settings.keyFile === null) {
    throw new BrokerError('E_USAGE', '--file needs WEBEX_TOKEN_KEY_FILE, which is not set.');
  }
  ensurePrivateDirectory(settings.home);
  const source: KeySource = { settings, keychain: systemKeychain, now: Date.now, onWarning: warn };
  const { key, info } = options.file ? createFileKey(source) : await createKeychainKey(source);
  await expectEnrollment(source, info.kind, info.id);
  const made = requestFor(key, info.kind === 'file' ? 'file' : 'keychain', defaultKeyName());
  print(formatRequest(made));
  note(
    `Send this line to someone whose key decrypts the store. They run "webex-token key add", which must show this fingerprint: ${fingerprint(made)}`,
  );
}

async function remove(id: string, options: { yes?: boolean }): Promise<void> {
  await withVault(async (vault, actor) => {
    const question = `Remove the key ${id}? Hosts that use it lose access, and every token is re-encrypted.`;
    if (!(await confirmDestructive(question, 'Nothing was changed.', options))) return;
    const done = await withProgress((progress) => removeKey(vault, id, actor, progress));
    note(`Removed the key ${shortKeyId(done.removed.info.id)} (${done.removed.name}).`);
    report(done);
    note('Its holder may still have tokens. They work until they expire or are revoked in Webex.');
  });
}

async function withProgress<T>(
  work: (progress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  let shown: ReturnType<typeof showProgress> | null = null;
  try {
    return await work((done, total) => {
      shown ??= showProgress('Re-encrypting', total);
      shown.at(done);
    });
  } finally {
    (shown as ReturnType<typeof showProgress> | null)?.end();
  }
}
