import { DecryptionError, open, seal } from './jwe.ts';
import type { AuthorizingKey, Recipient } from './wrap-for-recipient.ts';

/*
 * The database lists the key-encryption keys of a store, and someone may tamper with that list. So each entry carries a JWE
 * under the current data key over the key's ID and public key: nobody without the data key can add or replace an entry.
 */

export async function authorizeKey({ id, publicKey }: Recipient, dataKey: AuthorizingKey): Promise<string> {
  return await seal(new Uint8Array(), dataKey.key, dataKey.id, { admits: id, publicKey });
}

/** Whether a holder of this data key authorized the key. */
export function isAuthorized(
  { id, publicKey }: Recipient,
  authorization: string,
  dataKey: AuthorizingKey,
): boolean {
  try {
    open(authorization, dataKey.key, dataKey.id, { admits: id, publicKey });
    return true;
  } catch (error) {
    if (error instanceof DecryptionError) return false;
    throw error;
  }
}
