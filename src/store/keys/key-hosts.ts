import { dayMs } from '../../domain/lifetimes.ts';
import type { Db } from '../db.ts';

/** A host on which a key-encryption key was used. */
export interface KeyHost {
  keyEncryptionKeyId: string;
  host: string;
  /** Epoch milliseconds, to the day. */
  seenAt: number;
}

export async function listKeyHosts(db: Db): Promise<KeyHost[]> {
  return await db
    .selectFrom('key_host')
    .select(['key_encryption_key_id as keyEncryptionKeyId', 'host', 'seen_at as seenAt'])
    .orderBy('host')
    .execute();
}

/** Written at most once a day. Milliseconds. */
const seenPrecisionMs = dayMs;

/** Records that this host uses a key, unless that was recorded within a day. */
export async function recordKeyHost(
  db: Db,
  keyEncryptionKeyId: string,
  host: string,
  now: number,
): Promise<void> {
  const known = await db
    .selectFrom('key_host')
    .select('seen_at')
    .where('key_encryption_key_id', '=', keyEncryptionKeyId)
    .where('host', '=', host)
    .executeTakeFirst();
  if (known !== undefined && Math.abs(now - known.seen_at) < seenPrecisionMs) return;
  await db
    .insertInto('key_host')
    .values({ key_encryption_key_id: keyEncryptionKeyId, host, seen_at: now })
    .onConflict((conflict) =>
      conflict.columns(['key_encryption_key_id', 'host']).doUpdateSet({ seen_at: now }),
    )
    .execute();
}
