import type { Db } from '../db.ts';

/** A machine that a key-encryption key was used on. */
export interface KeyHost {
  keyEncryptionKeyId: string;
  host: string;
  /** Epoch milliseconds, to the day. */
  seenAt: number;
}

export async function listKeyHolders(db: Db): Promise<KeyHost[]> {
  return await db
    .selectFrom('key_host')
    .select(['key_encryption_key_id as keyEncryptionKeyId', 'host', 'seen_at as seenAt'])
    .orderBy('host')
    .execute();
}

/** Once a day is often enough to know it by. Milliseconds. */
const seenPrecisionMs = 86_400_000;

/** Takes note that a key is held by this host, unless that was done today. */
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
