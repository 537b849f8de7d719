import type { Settings } from '../../config.ts';
import type { Keychain } from '../../keys/keychain.ts';
import { privateFolder } from '../../private-files.ts';
import { appendAudit } from '../../store/audit.ts';
import { nextLife, setStoreIdentity, storeIdentity } from '../../store/identity.ts';
import { openStore } from '../../store/store.ts';
import { forgetKeys } from '../key-memory.ts';
import { type Actor, storePlace } from '../vault.ts';
import { livesSeen } from '../witness.ts';

/** Takes the store as it is: somebody put an older copy of the database back, and meant to. */
export async function acceptStore(
  settings: Settings,
  keychain: Keychain,
  now: () => number,
  actor: Actor,
): Promise<void> {
  const lives = await livesSeen({ settings, keychain });
  privateFolder(settings.home);
  const db = await openStore(storePlace(settings));
  try {
    await db.transaction().execute(async (trx) => {
      const identity = await storeIdentity(trx);
      await setStoreIdentity(trx, nextLife(identity, null, lives));
      await forgetKeys({ settings, keychain });
      await appendAudit(trx, now(), { action: 'restore', outcome: 'in place', ...actor });
    });
  } finally {
    await db.destroy();
  }
}
