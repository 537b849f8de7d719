import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as z from 'zod';
import { DecryptionError, open, seal } from '../../crypto/jwe.ts';
import { keyId } from '../../crypto/key-id.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Row } from '../../store/database/copy.ts';

/*
 * A backup is a text file, in the same format for every database. Its first line is a JSON object with the format and the keys
 * that can decrypt the backup. It reveals nothing about the content. Every other line is a compact JWE with a few hundred rows,
 * deflated and encrypted with a key that only this backup uses. The protected header of each line contains a hash of the first
 * line, the line's number, and whether it is the last line. So no line can be changed, left out, cut off or moved to another
 * backup without detection.
 */

export const formatVersion = 1;

const text = z.string().min(1).max(10_000);
const scryptSchema = z.object({
  salt: text,
  // Limits the memory that a manipulated file can use.
  N: z
    .int()
    .min(2)
    .max(2 ** 20),
  r: z.int().min(1).max(16),
  p: z.int().min(1).max(16),
});
const keyInfoSchema = z.union([
  z.object({ id: text, kind: z.enum(['keychain', 'file']) }),
  z.object({ id: text, kind: z.literal('passphrase'), parameters: scryptSchema }),
]);
const dataKeySchema = z.object({
  dataKeyId: text,
  keyEncryptionKeyId: text,
  generation: z.int().min(0),
  jwe: text,
});
const headerSchema = z.object({
  'webex-token-backup': z.int(),
  id: z.uuid(),
  createdAt: z.iso.datetime(),
  program: text,
  /** The newest migration of the store, which defines its tables. */
  schema: text,
  /** The keys of the store, and the data keys wrapped by them. */
  keys: z.array(keyInfoSchema.and(z.object({ name: z.string().max(200) }))).max(1000),
  dataKeys: z.array(dataKeySchema).max(10_000),
  /** The data keys wrapped with the passphrase of the backup. */
  passphrase: z.object({ key: keyInfoSchema, dataKeys: z.array(dataKeySchema).max(1000) }).nullable(),
  /** The key of the backup, encrypted with the store's newest data key. */
  backupKey: text,
});

export type BackupHeader = z.infer<typeof headerSchema>;

/** The maximum length of a line. Characters, which are one byte each. */
export const maxLineBytes = 16 << 20;
const maxChunkBytes = 64 << 20;

/** How every file of SQLite starts. Source: https://www.sqlite.org/fileformat2.html#magic_header_string */
const sqliteHeader = 'SQLite format 3\0';

/** Throws `E_BACKUP`, `E_BACKUP_NEWER`. */
export function parseHeader(line: string): BackupHeader {
  if (line.startsWith(sqliteHeader)) throw isDatabase();
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw notABackup();
  }
  const version = z.object({ 'webex-token-backup': z.int() }).safeParse(json);
  if (!version.success) throw notABackup();
  if (version.data['webex-token-backup'] > formatVersion) {
    throw new BrokerError('E_BACKUP_NEWER', 'A newer version of this program wrote this backup.', {
      help: 'Restore it with that version or a newer one. Nothing was changed.',
    });
  }
  const parsed = headerSchema.safeParse(json);
  if (!parsed.success) throw backupDamaged('its first line was changed');
  return parsed.data;
}

function notABackup(): BrokerError {
  return new BrokerError('E_BACKUP', 'The file is not a backup of this program.', {
    help: { text: 'Nothing was changed. To create a backup', command: ['backup', 'FILE'] },
  });
}

/** For someone who wants the store back that an earlier `restore` kept. */
function isDatabase(): BrokerError {
  return new BrokerError('E_BACKUP', 'The file is a database, not a backup.', {
    help: {
      text: 'Nothing was changed. To use a store that "restore" kept, stop this program, replace store.db in the data folder with the file, and accept it',
      command: ['restore', '--accept-rollback'],
    },
  });
}

/** The error for a backup that fails verification: no part of it is used. */
export function backupDamaged(why: string): BrokerError {
  return new BrokerError('E_BACKUP', `The backup cannot be trusted: ${why}.`, {
    help: 'The file is damaged, incomplete or was modified. The store was not changed. Use another copy of this backup, or an older backup.',
  });
}

/** Rows of one or more tables, in order. */
export type Chunk = [table: string, row: Row][];

/** Encrypts and decrypts the lines after the first. */
export class ChunkCipher {
  readonly #key: Uint8Array;
  readonly #backup: { backup: string; header: string };

  constructor(key: Uint8Array, id: string, headerLine: string) {
    this.#key = key;
    this.#backup = { backup: id, header: createHash('sha256').update(headerLine).digest('base64url') };
  }

  async seal(chunk: Chunk, number: number, last: boolean): Promise<string> {
    const bytes = deflateRawSync(JSON.stringify(chunk));
    return await seal(bytes, this.#key, keyId(this.#key), this.#aad(number, last));
  }

  /** Decrypts a line. Throws `E_BACKUP` if it is not the line that belongs at this position. */
  open(line: string, number: number, last: boolean): Chunk {
    let bytes: Buffer;
    try {
      bytes = open(line, this.#key, keyId(this.#key), this.#aad(number, last));
    } catch (error) {
      if (!(error instanceof DecryptionError)) throw error;
      throw backupDamaged(`line ${number + 1} was changed`);
    }
    const json = inflateRawSync(bytes, { maxOutputLength: maxChunkBytes }).toString('utf8');
    return JSON.parse(json) as Chunk;
  }

  #aad(number: number, last: boolean): Record<string, string> {
    return { ...this.#backup, line: String(number + 1), last: last ? 'yes' : 'no' };
  }
}
