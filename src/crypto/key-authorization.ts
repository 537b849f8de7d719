import { DecryptionError, open, seal } from './jwe.ts';
import type { AuthorizingKey, Recipient } from './wrap-for-recipient.ts';

/*
 * Which keys belong to a store is written in the database, where somebody may change it. So each of them carries a
 * seal of the current data key over its ID and its public half: nobody outside can add one, or put theirs in its place.
 */

export async function authorizeKey({ id, publicKey }: Recipient, dataKey: AuthorizingKey): Promise<string> {
  return await seal(new Uint8Array(), dataKey.key, dataKey.id, { admits: id, publicKey });
}

/** Whether a holder of this data key let that key in. */
export function isAuthorized(
  { id, publicKey }: Recipient,
  admission: string,
  dataKey: AuthorizingKey,
): boolean {
  try {
    open(admission, dataKey.key, dataKey.id, { admits: id, publicKey });
    return true;
  } catch (error) {
    if (error instanceof DecryptionError) return false;
    throw error;
  }
}
