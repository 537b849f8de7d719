import type { Grantee, Voucher } from './grant.ts';
import { open, SealBroken, seal } from './jwe.ts';

/*
 * Which keys belong to a store is written in the database, where somebody may change it. So each of them carries a
 * seal of the current data key over its ID and its public half: nobody outside can add one, or put theirs in its place.
 */

export async function admit({ id, publicKey }: Grantee, dataKey: Voucher): Promise<string> {
  return await seal(new Uint8Array(), dataKey.key, dataKey.id, { admits: id, publicKey });
}

/** Whether a holder of this data key let that key in. */
export function isAdmitted({ id, publicKey }: Grantee, admission: string, dataKey: Voucher): boolean {
  try {
    open(admission, dataKey.key, dataKey.id, { admits: id, publicKey });
    return true;
  } catch (error) {
    if (error instanceof SealBroken) return false;
    throw error;
  }
}
