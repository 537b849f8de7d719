import { createReadStream } from 'node:fs';
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

/** A backup whose key is at hand. */
export interface OpenedBackup {
  header: BackupHeader;
  /** What opened it: a key of the store, or the passphrase that only this backup knows. */
  held: LoadedKey;
  /** Whether `held` is one of the store's keys. */
  isStoreKey: boolean;
  ring: KeyRing;
  seal: ChunkCipher;
}

/** Where the keys of a backup may come from. */
export interface BackupKeySources {
  /** Where this machine's own key is. */
  own: KeySource;
  /** The same with the key file or passphrase of the host that the store comes from. */
  other?: KeySource;
  /** What the backup alone was sealed with. */
  backupPassphrase: string | null;
}

/** Reads the first line and finds a key for it. Throws `E_BACKUP`, `E_BACKUP_NEWER`, `E_BACKUP_KEY`. */
export async function openBackup(path: string, sources: BackupKeySources): Promise<OpenedBackup> {
  const lines = linesOf(path);
  const first = await lines.next();
  await lines.return(undefined);
  if (first.done) throw backupDamaged('the file is empty');
  const header = parseHeader(first.value);
  const { held, ring, isStoreKey } = await obtain(header, sources);
  const sealing = ring.primaryKey;
  try {
    const key = open(header.backupKey, sealing.key, sealing.id, { backup: header.id });
    return { header, held, ring, isStoreKey, seal: new ChunkCipher(key, header.id, first.value) };
  } catch (error) {
    if (error instanceof DecryptionError) throw backupDamaged('its first line was changed');
    throw error;
  }
}

async function obtain(
  { keys, dataKeys, passphrase }: BackupHeader,
  { own, other, backupPassphrase }: BackupKeySources,
): Promise<Pick<OpenedBackup, 'held' | 'ring' | 'isStoreKey'>> {
  const failures: unknown[] = [];
  for (const source of [own, other]) {
    if (source === undefined || keys.length === 0) continue;
    try {
      const held = await loadKey(keys, source);
      const wrapped = dataKeys.filter(({ keyEncryptionKeyId }) => keyEncryptionKeyId === held.info.id);
      return { held, ring: (await KeyRing.open(wrapped, held.key)).ring, isStoreKey: true };
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
    `No key is at hand that opens this backup. ${wanted(keys, passphrase)}`,
    {
      help: 'Nothing was changed. Bring the key file of the host that made it (--key-file PATH), set WEBEX_TOKEN_PASSPHRASE to its passphrase, or WEBEX_TOKEN_BACKUP_PASSPHRASE to the one that the backup was made with.',
      cause: failures.at(-1),
    },
  );
}

/** The keys of a backup by the passphrase that it was made with. Throws `E_BACKUP`, `E_BACKUP_KEY`. */
export async function openWithPassphrase(
  ciphertext: NonNullable<BackupHeader['passphrase']>,
  source: KeySource,
  passphrase: string,
): Promise<Pick<OpenedBackup, 'held' | 'ring' | 'isStoreKey'>> {
  const settings = { ...source.settings, passphrase };
  try {
    const held = await loadKey([ciphertext.key], { ...source, settings });
    return { held, ring: new KeyRing(ciphertext.dataKeys, held.key), isStoreKey: false };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    if (error.code === 'E_INTEGRITY') throw backupDamaged('its first line was changed');
    throw new BrokerError('E_BACKUP_KEY', 'That is not the passphrase of this backup.', {
      help: 'Nothing was changed. Mind capitals, spaces, and quotes around it in .env.',
    });
  }
}

function wanted(keys: BackupHeader['keys'], passphrase: BackupHeader['passphrase']): string {
  const words = { keychain: 'in a keychain', file: 'in a key file', passphrase: 'a passphrase' };
  const each = keys.map(({ kind, name }) => `${words[kind]} of ${name || 'another machine'}`);
  if (passphrase !== null) each.push("the backup's own passphrase");
  return `It opens with one of: ${each.join('; ')}.`;
}

/** The rows of a backup, in their order, each line proved before it is given. Throws `E_BACKUP`. */
export async function* chunksOf(path: string, { seal }: OpenedBackup): AsyncGenerator<Chunk> {
  let number = 0;
  let held: string | null = null;
  for await (const line of linesOf(path)) {
    // Which one is the last is only known once nothing follows.
    if (number > 1 && held !== null) yield seal.open(held, number - 1, false);
    held = line;
    number += 1;
  }
  if (number < 2 || held === null) throw backupDamaged('it was cut off');
  yield seal.open(held, number - 1, true);
}

/** Lines that end in a line feed; one that does not was cut off. Throws `E_BACKUP`, `E_FILE`. */
async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  let rest = '';
  try {
    for await (const piece of createReadStream(path, { encoding: 'latin1', highWaterMark: 1 << 20 })) {
      rest += piece as string;
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        yield rest.slice(0, end);
        rest = rest.slice(end + 1);
      }
      if (rest.length > maxLineBytes) throw backupDamaged('a line is longer than any that was written');
    }
  } catch (cause) {
    if (cause instanceof BrokerError || !isSystemError(cause)) throw cause;
    throw new BrokerError('E_FILE', `The file ${path} cannot be read (${cause.code}).`, { cause });
  }
  if (rest !== '') throw backupDamaged('it was cut off');
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
