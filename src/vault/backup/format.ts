import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as z from 'zod';
import { DecryptionError, open, seal } from '../../crypto/jwe.ts';
import { keyId } from '../../crypto/key-id.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Row } from '../../store/copy.ts';

/*
 * A backup is a text file. Its first line is a JSON object that says what it is and which keys open it, and tells
 * nothing of what is kept. Every further line is a compact JWE: some hundred rows, deflated, sealed with a key made for
 * this backup alone. Each belongs to its place after this very first line, and the last one says so, so that nothing
 * can be changed, left out, cut off, or mixed with another backup. It is the same for every database.
 */

export const formatVersion = 1;

const text = z.string().min(1).max(10_000);
const scryptSchema = z.object({
  salt: text,
  // A file from elsewhere must not make this program take all memory.
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
  /** The newest migration of the store: what its tables look like. */
  schema: text,
  /** The keys of the store, and the data keys as they are wrapped for them. */
  keys: z.array(keyInfoSchema.and(z.object({ name: z.string().max(200) }))).max(1000),
  dataKeys: z.array(dataKeySchema).max(10_000),
  /** The same for a passphrase that only this backup knows. */
  passphrase: z.object({ key: keyInfoSchema, dataKeys: z.array(dataKeySchema).max(1000) }).nullable(),
  /** The backup's own key, sealed with the store's newest data key. */
  backupKey: text,
});

export type BackupHeader = z.infer<typeof headerSchema>;

/** Longer lines are none of ours. Characters. */
export const maxLineBytes = 16 << 20;
const longestChunk = 64 << 20;

/** Throws `E_BACKUP`, `E_BACKUP_NEWER`. */
export function parseHeader(line: string): BackupHeader {
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
      help: 'Restore it with that version, or a newer one. Nothing was changed.',
    });
  }
  const parsed = headerSchema.safeParse(json);
  if (!parsed.success) throw backupDamaged('its first line was changed');
  return parsed.data;
}

function notABackup(): BrokerError {
  return new BrokerError('E_BACKUP', 'The file is no backup of webex-token.', {
    help: 'Backups are made by "webex-token backup FILE". Nothing was changed.',
  });
}

/** For a backup that cannot be trusted: all of it counts, or none. */
export function backupDamaged(why: string): BrokerError {
  return new BrokerError('E_BACKUP', `The backup cannot be trusted: ${why}.`, {
    help: 'It is damaged, was cut off, or was changed. Nothing of it was used, and nothing was changed. Take another copy of it, or an older backup.',
  });
}

/** Rows of one or several tables, in their order. */
export type Chunk = [table: string, row: Row][];

/** Seals and opens the lines after the first. */
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

  /** Throws `E_BACKUP` where it is not the line that belongs here. */
  open(line: string, number: number, last: boolean): Chunk {
    let bytes: Buffer;
    try {
      bytes = open(line, this.#key, keyId(this.#key), this.#aad(number, last));
    } catch (error) {
      if (!(error instanceof DecryptionError)) throw error;
      throw backupDamaged(`line ${number + 1} is not what was written there`);
    }
    const json = inflateRawSync(bytes, { maxOutputLength: longestChunk }).toString('utf8');
    return JSON.parse(json) as Chunk;
  }

  #aad(number: number, last: boolean): Record<string, string> {
    return { ...this.#backup, line: String(number + 1), last: last ? 'yes' : 'no' };
  }
}
