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
import type { Vault } from '../../vault/context.ts';
import { expectEnrollment } from '../../vault/integrity/key-memory.ts';
import { addLocalKey, approveKeyRequest } from '../../vault/key-operations/add-key.ts';
import { type KeyDescription, type KeyStatus, keyStatus } from '../../vault/key-operations/key-status.ts';
import { removeKey } from '../../vault/key-operations/remove-key.ts';
import { type ReplacementResult, replaceKey } from '../../vault/key-operations/replace-key.ts';
import { type RotationResult, rotateDataKey } from '../../vault/key-operations/rotate-data-key.ts';
import {
  createKeychainKey,
  type KeyKind,
  makeFileKey,
  makePassphraseKey,
} from '../../vault/keys/create-key.ts';
import { defaultKeyName } from '../../vault/keys/host.ts';
import { type KeySource, keyFilePath } from '../../vault/keys/load-key.ts';
import { confirm } from '../terminal/confirm.ts';
import { readHiddenInput } from '../terminal/hidden-input.ts';
import { showProgress } from '../terminal/progress.ts';
import { newPassphrase } from '../terminal/prompt-secret.ts';
import { table } from '../terminal/table.ts';
import { note, print, printJson, readStandardInput, warn } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

const kinds: KeyKind[] = ['keychain', 'file', 'passphrase'];

export function command(): Command {
  const key = new Command('key').description('The keys that open the store.');
  key
    .command('status')
    .description('Which keys there are, what they open, and which hosts hold them.')
    .option('--json', 'as an object, for programs')
    .addHelpText('after', '\nExample:\n  webex-token key status')
    .action(status);
  key
    .command('rotate')
    .description(
      'Make a new data key and seal every token anew; or, with --to, put another key in the place of the one that\n' +
        'opens the store here. It can be interrupted anywhere: the next run carries on.',
    )
    .addOption(new Option('--to <kind>', 'where the new key is to be').choices(kinds))
    .addHelpText('after', '\nExamples:\n  webex-token key rotate\n  webex-token key rotate --to keychain')
    .action(rotate);
  key
    .command('add')
    .description(
      'Let one more key in: a colleague\'s, by the line that "webex-token key request" printed for them: it is\n' +
        'asked for on a terminal, else read from standard input; or one of your own.',
    )
    .addOption(
      new Option('--keychain', "a new key in this machine's keychain").conflicts(['file', 'passphrase']),
    )
    .addOption(new Option('--file', 'the key file that WEBEX_TOKEN_KEY_FILE names').conflicts('passphrase'))
    .option(
      '--fingerprint <text>',
      'what the sender of the request sees; needed where there is no terminal to ask on',
    )
    .addOption(new Option('--passphrase', 'a passphrase, for example to be kept in a safe'))
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token key add\n  webex-token key add --fingerprint 1f2e-3d4c-5b6a-7988-0716 < request.txt\n  webex-token key add --passphrase',
    )
    .action(add);
  key
    .command('request')
    .description('On a machine that is to be let in: make a key of its own, and print what "key add" needs.')
    .addOption(new Option('--file', 'the key file that WEBEX_TOKEN_KEY_FILE names, instead of the keychain'))
    .addHelpText('after', '\nExample:\n  webex-token key request > request.txt')
    .action(request);
  key
    .command('remove')
    .description(
      'Take a key away: it opens nothing that is sealed from now on, and every token is sealed anew.',
    )
    .argument('<id>', 'as "key status" prints it')
    .addHelpText('after', '\nExample:\n  webex-token key remove Vt3kQ0aB')
    .action(remove);
  return key;
}

async function status(options: { json?: boolean }): Promise<void> {
  const found = await withVault((vault) => keyStatus(vault));
  if (options.json) return printJson(forPrograms(found));
  const rows = found.keys.map((key) => [
    shortKeyId(key.id),
    key.kind,
    key.name,
    day(key.createdAt),
    key.usedHere ? `yes: ${key.place}` : 'no',
    key.hosts.map(({ host, seenAt }) => `${host} (${day(seenAt)})`).join(', '),
  ]);
  print(table(['KEY', 'KIND', 'MADE BY', 'ON', 'OPENS THE STORE HERE', 'HELD BY (LAST USED)'], rows));
  print('');
  const dataKeys = found.dataKeys.map(({ id, createdAt, wrappedFor, current }) => [
    shortKeyId(id),
    day(createdAt),
    String(wrappedFor),
    current ? 'seals every new token' : 'until the keys it vouches for are used next',
  ]);
  print(table(['DATA KEY', 'SINCE', 'KEYS', ''], dataKeys));
  for (const key of found.keys.filter(({ trusted }) => !trusted)) warn(foreignWords(key));
  if (found.unfinished !== null) {
    const again = found.unfinished === 'rotation' ? 'key rotate' : 'key rotate --to …';
    warn(
      `A change of keys is under way, or was interrupted; no token is lost. If no command is at work on it, end it with: webex-token ${again}`,
    );
  }
}

function foreignWords({ id, name }: KeyDescription): string {
  return `Nobody with access has let the key ${shortKeyId(id)} (${name}) in: somebody wrote to the database. Take it out with "webex-token key remove ${shortKeyId(id)}".`;
}

function forPrograms({ keys, dataKeys, unfinished }: KeyStatus): unknown {
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

/** Where the store's key is no passphrase yet, the one that later starts will read may be set already. */
async function passphraseFor({ settings, keys }: Vault): Promise<string> {
  const isFree = keys.kek.info.kind !== 'passphrase';
  return await newPassphrase(
    settings.newPassphrase ?? (isFree ? settings.passphrase : null),
    'WEBEX_TOKEN_NEW_PASSPHRASE',
  );
}

function report({ resealed, unreadable, resumed }: RotationResult): void {
  note(
    `${resumed ? 'Carried on what was interrupted. ' : ''}Tokens sealed anew: ${resealed.toLocaleString('en')}. The old data key is gone.`,
  );
  if (unreadable.length > 0) {
    warn(
      `${unreadable.length} tokens could be opened by no key, before as now. "webex-token check" names their profiles.`,
    );
  }
  note('Backups made before open with the keys that there were then. Make a new one.');
}

function reportReplaced({ settings }: Vault, { oldKey, newKey, heldBy }: ReplacementResult): void {
  const places = {
    keychain: "in the operating system's keychain",
    file: `in the file ${keyFilePath(settings)}`,
    passphrase: 'the passphrase',
  };
  note(`The store's key is now ${places[newKey.kind]}, and was proved to open everything.`);
  if (newKey.kind === 'passphrase') note('Set WEBEX_TOKEN_PASSPHRASE to it wherever this program runs.');
  if (heldBy.length > 0) {
    warn(
      `The old key stays, for it is used on ${heldBy.join(', ')}. Give them the new one, then: webex-token key remove ${shortKeyId(oldKey.id)}`,
    );
    return;
  }
  if (oldKey.kind === 'file' && settings.keyFile !== null && newKey.kind !== 'file') {
    note(`The old key file is still there, for other stores may use it: ${settings.keyFile}`);
  }
  note('The old key no longer opens it. Backups made before still need the old one: make a new backup.');
}

/** Makes sure that a request is the one that its sender made, before the store is opened. Throws `E_USAGE`, `E_KEY_REQUEST`. */
async function confirmRequest(request: KeyRequest, expected: string | undefined): Promise<void> {
  const actual = fingerprint(request);
  if (expected !== undefined) {
    if (comparable(expected) === comparable(actual)) return;
    throw new BrokerError('E_KEY_REQUEST', 'The request has another fingerprint.', {
      help: 'It was changed on its way, or is another one. Nothing was changed.',
    });
  }
  note(`The key of ${request.name} asks for access to every token. Its fingerprint is ${actual}`);
  if (await confirm('Does the person who sent the request see the same one?')) return;
  throw new BrokerError('E_KEY_REQUEST', 'The key was not added.', { help: 'Nothing was changed.' });
}

function comparable(fingerprint: string): string {
  return fingerprint.toLowerCase().replace(/[\s-]/g, '');
}

/** The request, and the fingerprint where it was given: it has to be where nobody can be asked. Throws `E_USAGE`. */
async function readRequest(expected: string | undefined): Promise<KeyRequest> {
  if (process.stdin.isTTY && process.stderr.isTTY) {
    note('Paste the line that "webex-token key request" printed, then press Enter.');
    return parseRequest(await readHiddenInput());
  }
  if (expected === undefined) {
    throw new BrokerError('E_USAGE', 'Without a terminal to ask on, --fingerprint is needed.', {
      help: 'It is what "webex-token key request" printed below the request: get it from the person who sent it, by another way than the request. Nothing was changed.',
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
        ? makeFileKey(source)
        : await makePassphraseKey(
            await newPassphrase(vault.settings.newPassphrase, 'WEBEX_TOKEN_NEW_PASSPHRASE'),
          );
    try {
      await addLocalKey(vault, made, actor);
    } catch (error) {
      await made.undo().catch(() => {});
      throw error;
    }
    note(`Let in: ${shortKeyId(made.info.id)}, ${made.info.kind}. Either key opens the store now.`);
  });
}

async function addRequested(expected: string | undefined): Promise<void> {
  const wanted = await readRequest(expected);
  await confirmRequest(wanted, expected);
  await withVault(async (vault, actor) => {
    await approveKeyRequest(vault, wanted, actor);
    note(`Added: the key of ${wanted.name}, ${shortKeyId(wanted.id)}. It opens the store from now on.`);
  });
}

async function request(options: { file?: boolean }): Promise<void> {
  const settings = readSettings();
  if (options.file && settings.keyFile === null) {
    throw new BrokerError('E_USAGE', 'WEBEX_TOKEN_KEY_FILE names no file.');
  }
  ensurePrivateDirectory(settings.home);
  const source: KeySource = { settings, keychain: systemKeychain, now: Date.now, onWarning: warn };
  const { key, info } = options.file ? makeFileKey(source) : await createKeychainKey(source);
  await expectEnrollment(source, info.kind, info.id);
  const made = requestFor(key, info.kind === 'file' ? 'file' : 'keychain', defaultKeyName());
  print(formatRequest(made));
  note(
    `Send that line to somebody who can open the store, by a way on which nobody can change it. They hand it to`,
  );
  note(`"webex-token key add", and see a fingerprint, which has to be this one: ${fingerprint(made)}`);
}

async function remove(id: string): Promise<void> {
  await withVault(async (vault, actor) => {
    const done = await withProgress((progress) => removeKey(vault, id, actor, progress));
    note(`Taken away: the key ${shortKeyId(done.removed.info.id)} (${done.removed.name}).`);
    report(done);
    note(
      'Whoever held it may have kept tokens as well: they live until they expire, or are revoked at Webex.',
    );
  });
}

async function withProgress<T>(
  work: (progress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  let shown: ReturnType<typeof showProgress> | null = null;
  try {
    return await work((done, total) => {
      shown ??= showProgress('Sealing', total);
      shown.at(done);
    });
  } finally {
    (shown as ReturnType<typeof showProgress> | null)?.end();
  }
}

function instant(time: number): string {
  return new Date(time).toISOString();
}

function day(time: number): string {
  return instant(time).slice(0, 10);
}
