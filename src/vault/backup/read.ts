import { createReadStream, existsSync } from 'node:fs';
import { DecryptionError, open } from '../../crypto/jwe.ts';
import { KeyRing } from '../../crypto/key-ring.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { type KeySource, type LoadedKey, loadKey } from '../keys/load-key.ts';
import {
  type BackupHeader,
  backupDamaged,
  type Chunk,
  ChunkCipher,
  maxLineBytes,
  parseHeader,
} from './format.ts';

/** A backup whose key is loaded. */
export interface OpenedBackup {
  header: BackupHeader;
  /** The key that decrypts the backup: a key of the store, or the passphrase of the backup. */
  kek: LoadedKey;
  /** Whether `kek` is one of the store's keys. */
  isStoreKey: boolean;
  ring: KeyRing;
  cipher: ChunkCipher;
}

/** Where the keys of a backup may come from. */
export interface BackupKeySources {
  /** The location of this host's key. */
  own: KeySource;
  /** The location of this host's key, but with the key file or passphrase of the host that wrote the backup. */
  other?: KeySource;
  /** The passphrase of the backup. */
  backupPassphrase: string | null;
}

/** Reads the first line and finds a key for it. Throws `E_BACKUP`, `E_BACKUP_NEWER`, `E_BACKUP_KEY`. */
export async function openBackup(path: string, sources: BackupKeySources): Promise<OpenedBackup> {
  const lines = linesOf(path);
  const first = await lines.next();
  await lines.return(undefined);
  if (first.done) throw backupDamaged('the file is empty');
  const header = parseHeader(first.value);
  const { kek, ring, isStoreKey } = await loadBackupKey(header, sources);
  const { id, key: dataKey } = ring.primaryKey;
  try {
    const key = open(header.backupKey, dataKey, id, { backup: header.id });
    return { header, kek, ring, isStoreKey, cipher: new ChunkCipher(key, header.id, first.value) };
  } catch (error) {
    if (error instanceof DecryptionError) throw backupDamaged('its first line was changed');
    throw error;
  }
}

async function loadBackupKey(
  { keys, dataKeys, passphrase }: BackupHeader,
  { own, other, backupPassphrase }: BackupKeySources,
): Promise<Pick<OpenedBackup, 'kek' | 'ring' | 'isStoreKey'>> {
  const failures: unknown[] = [];
  for (const source of [own, other]) {
    if (source === undefined || keys.length === 0) continue;
    try {
      const kek = await loadKey(keys, source);
      const wrapped = dataKeys.filter(({ keyEncryptionKeyId }) => keyEncryptionKeyId === kek.info.id);
      return { kek, ring: (await KeyRing.open(wrapped, kek.key)).ring, isStoreKey: true };
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      if (error.code === 'E_INTEGRITY') throw backupDamaged('its first line was changed');
      failures.push(error);
    }
  }
  if (passphrase !== null && backupPassphrase !== null) {
    return await openWithPassphrase(passphrase, own, backupPassphrase);
  }
  throw new BrokerError(
    'E_BACKUP_KEY',
    `This host has no key that decrypts this backup. ${neededKeys(keys, passphrase)}`,
    {
      help: [
        ...wrongKeys(keys, own, other),
        'Nothing was changed.',
        {
          text: 'To use the key file of the host that wrote the backup',
          command: ['restore', 'FILE', '--key-file', 'PATH'],
        },
        'Otherwise set WEBEX_TOKEN_PASSPHRASE to the passphrase of that host, or WEBEX_TOKEN_BACKUP_PASSPHRASE to the passphrase of the backup.',
      ],
      cause: failures.at(-1),
    },
  );
}

/** The keys of a backup, unwrapped with its passphrase. Throws `E_BACKUP`, `E_BACKUP_KEY`. */
export async function openWithPassphrase(
  wrapped: NonNullable<BackupHeader['passphrase']>,
  source: KeySource,
  passphrase: string,
): Promise<Pick<OpenedBackup, 'kek' | 'ring' | 'isStoreKey'>> {
  const settings = { ...source.settings, passphrase };
  try {
    const kek = await loadKey([wrapped.key], { ...source, settings });
    return { kek, ring: new KeyRing(wrapped.dataKeys, kek.key), isStoreKey: false };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    if (error.code === 'E_INTEGRITY') throw backupDamaged('its first line was changed');
    throw new BrokerError('E_BACKUP_KEY', 'This is not the passphrase of the backup.', {
      help: 'Check its capitalization and spaces, and the quotes around it in .env. Nothing was changed.',
    });
  }
}

/** Which of the given keys were tried in vain. */
function wrongKeys(keys: BackupHeader['keys'], own: KeySource, other = own): string[] {
  const { keyFile, passphrase } = other.settings;
  const wrong: string[] = [];
  if (keyFile !== null && keyFile !== own.settings.keyFile) {
    wrong.push(`The key file ${keyFile} ${existsSync(keyFile) ? 'contains another key' : 'does not exist'}.`);
  }
  if (passphrase !== null && keys.some(({ kind }) => kind === 'passphrase')) {
    wrong.push(
      'The given passphrase is wrong: check its capitalization and spaces, and the quotes around it in .env.',
    );
  }
  return wrong;
}

function neededKeys(keys: BackupHeader['keys'], passphrase: BackupHeader['passphrase']): string {
  const words = { keychain: 'the keychain', file: 'the key file', passphrase: 'the passphrase' };
  const each = keys.map(({ kind, name }) => `${words[kind]} of ${name || 'another host'}`);
  if (passphrase !== null) each.push('the passphrase of the backup');
  return `One of these keys is needed: ${each.join('; ')}.`;
}

/** The rows of a backup, in order, each line authenticated. Throws `E_BACKUP`. */
export async function* chunksOf(path: string, { cipher }: OpenedBackup): AsyncGenerator<Chunk> {
  let number = 0;
  let previous: string | null = null;
  for await (const line of linesOf(path)) {
    // Only at the end of the file is it known which line is the last.
    if (number > 1 && previous !== null) yield cipher.open(previous, number - 1, false);
    previous = line;
    number += 1;
  }
  if (number < 2 || previous === null) throw backupDamaged('it is incomplete');
  yield cipher.open(previous, number - 1, true);
}

/** Reads lines that end in a line feed. A last line without one is incomplete. Throws `E_BACKUP`, `E_FILE`. */
async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  let rest = '';
  try {
    for await (const piece of createReadStream(path, { encoding: 'latin1', highWaterMark: 1 << 20 })) {
      rest += piece as string;
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        yield rest.slice(0, end);
        rest = rest.slice(end + 1);
      }
      if (rest.length > maxLineBytes) throw backupDamaged('a line is too long');
    }
  } catch (cause) {
    if (cause instanceof BrokerError || !isSystemError(cause)) throw cause;
    throw new BrokerError('E_FILE', `The file ${path} cannot be read (${cause.code}).`, { cause });
  }
  if (rest !== '') throw backupDamaged('it is incomplete');
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
