import type { Settings } from '../../config/settings.ts';
import type { Keychain } from '../../crypto/keychain.ts';
import { ensurePrivateDirectory } from '../../files/private-files.ts';
import { appendAudit, firstRowFollows, signChain } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import { kindTitles } from '../../store/integrity/kinds.ts';
import { authenticateAll, deleteRow, foreignRows, rowMacHead } from '../../store/integrity/row-macs.ts';
import { listKeyEncryptionKeys } from '../../store/keys/keys.ts';
import { newIncarnation, setStoreIdentity, storeIdentity } from '../../store/meta/incarnation.ts';
import { openStore } from '../../store/store.ts';
import type { Actor } from '../context.ts';
import { forgetKeys } from '../integrity/key-memory.ts';
import { everSeen } from '../integrity/rollback-detection.ts';
import { openKeys } from '../keys/open-keys.ts';
import { storeLocation } from '../store-location.ts';

/** What was found in it that this program had not written, by name. */
export interface Accepted {
  /** What lets somebody in goes. */
  removed: string[];
  /** Profiles and tokens stay, as they are now. */
  changed: string[];
}

/** Takes the store as it is: somebody put an older copy of the database back or changed it, and meant to. */
export async function acceptRolledBackStore(
  settings: Settings,
  keychain: Keychain,
  now: () => number,
  actor: Actor,
): Promise<Accepted> {
  const accepted: Accepted = { removed: [], changed: [] };
  const { lives, changes } = await everSeen({ settings, keychain });
  ensurePrivateDirectory(settings.home);
  const db = await openStore(storeLocation(settings));
  try {
    const hasKeys = (await listKeyEncryptionKeys(db)).length > 0;
    // An older generation of its keys is accepted along.
    await forgetKeys({ settings, keychain });
    if (hasKeys) await openKeys(db, { settings, keychain, now, onWarning: () => {} });
    await db.transaction().execute(async (trx) => {
      const identity = await storeIdentity(trx);
      await setStoreIdentity(trx, newIncarnation(identity, null, lives));
      await appendAudit(trx, now(), { action: 'restore', outcome: 'rollback accepted', ...actor });
      if (!hasKeys) return;
      await sortForeign(trx, accepted);
      await authenticateAll(trx, Math.max(changes, (await rowMacHead(trx))?.counter ?? 0));
      await signChain(trx, await firstRowFollows(trx));
    });
    return accepted;
  } finally {
    await db.destroy();
  }
}

/** An older copy was written by this program all the same. Of what somebody else wrote, only what is kept is kept. */
async function sortForeign(trx: Db, accepted: Accepted): Promise<void> {
  // Before an earlier version gave its rows codes, nobody can tell.
  if ((await rowMacHead(trx)) === null) return;
  for (const { kind, row } of await foreignRows(trx)) {
    const values = row as Record<string, string | number | null>;
    const name = `${kindTitles[kind]} ${values.name ?? values.app_id ?? values.profile_id ?? ''}`.trim();
    if (kind === 'profile' || kind === 'token') {
      accepted.changed.push(name);
      continue;
    }
    await deleteRow(trx, kind, row);
    accepted.removed.push(name);
  }
}
