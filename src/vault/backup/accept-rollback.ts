import type { Settings } from '../../config/settings.ts';
import type { Keychain } from '../../crypto/keychain.ts';
import { ensurePrivateDirectory } from '../../files/private-files.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { chainStates, firstRowFollows, signChain } from '../../store/audit/heads.ts';
import { acceptChains } from '../../store/audit/register.ts';
import type { Db } from '../../store/db.ts';
import { authenticateAll, deleteRow, foreignRows } from '../../store/integrity/all-rows.ts';
import { kindTitles } from '../../store/integrity/kinds.ts';
import { rowMacHead } from '../../store/integrity/mac-queries.ts';
import { listKeyEncryptionKeys } from '../../store/keys/keys.ts';
import { newIncarnation, setStoreIdentity, storeIdentity } from '../../store/meta/incarnation.ts';
import { openStore } from '../../store/store.ts';
import type { Actor } from '../context.ts';
import { forgetKeys } from '../integrity/key-memory.ts';
import { allSeenStates } from '../integrity/rollback-detection.ts';
import { openKeys } from '../keys/open-keys.ts';
import { storeLocation } from '../store-location.ts';

/** Rows that this program did not write, by name. */
export interface Accepted {
  /** Rows that grant access. They were removed. */
  removed: string[];
  /** Profiles and tokens. They were kept. */
  changed: string[];
}

/** Accepts the store as it is, after someone rolled the database back or changed it on purpose. */
export async function acceptRolledBackStore(
  settings: Settings,
  keychain: Keychain,
  now: () => number,
  actor: Actor,
): Promise<Accepted> {
  const accepted: Accepted = { removed: [], changed: [] };
  const { incarnations, changes } = await allSeenStates({ settings, keychain });
  ensurePrivateDirectory(settings.home);
  const db = await openStore(storeLocation(settings));
  try {
    const hasKeys = (await listKeyEncryptionKeys(db)).length > 0;
    // Older data keys are then accepted too.
    await forgetKeys({ settings, keychain });
    if (hasKeys) await openKeys(db, { settings, keychain, now, onWarning: () => {} });
    await db.transaction().execute(async (trx) => {
      const identity = await storeIdentity(trx);
      await setStoreIdentity(trx, newIncarnation(identity, null, incarnations));
      await acceptChains(trx, now());
      await appendAudit(trx, now(), { action: 'restore', outcome: 'rollback accepted', ...actor });
      if (!hasKeys) return;
      await removeForeignRows(trx, accepted);
      await authenticateAll(trx, Math.max(changes, (await rowMacHead(trx))?.counter ?? 0));
      for (const chain of await chainStates(trx)) {
        await signChain(trx, chain.id, await firstRowFollows(trx, chain));
      }
    });
    return accepted;
  } finally {
    await db.destroy();
  }
}

/** Removes rows that another program wrote, except profiles and tokens. Rows from an older copy are kept. */
async function removeForeignRows(trx: Db, accepted: Accepted): Promise<void> {
  // A store from an earlier version has no row MACs, so foreign rows cannot be detected.
  if ((await rowMacHead(trx)) === null) return;
  for (const { kind, row } of await foreignRows(trx)) {
    const values = row as Record<string, string | number | null>;
    const name =
      `${kindTitles[kind]} ${values.name ?? values.app_id ?? values.profile_id ?? values.channel ?? ''}`.trim();
    // The log is kept, and contains a row about this command.
    if (kind === 'auditChain') continue;
    if (kind === 'profile' || kind === 'token') {
      accepted.changed.push(name);
      continue;
    }
    await deleteRow(trx, kind, row);
    accepted.removed.push(name);
  }
}
