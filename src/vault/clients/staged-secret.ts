import type { Client } from '../../domain/client.ts';
import * as store from '../../store/access/clients.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Actor, StoreContext } from '../context.ts';
import { hashSecret, newSecret } from '../sign-in/secret-hashes.ts';
import { requireClient, secretOverlapMs } from './clients.ts';

/*
 * A rotation in two steps, for a secret that another system saves. The new secret works at once, but the current secret stays
 * current until that system has saved the new one. So the secret in use keeps working even if the rotation is interrupted.
 */

/** A new secret that works in addition to the current one, until it is promoted or withdrawn. */
export interface StagedSecret {
  client: Client;
  secret: string;
  /** The previous second secret, which is restored if this one is withdrawn. */
  before: store.SecondSecret;
}

/** Creates a second secret for a client. The previous secret, if it still works, stops working now. Throws `E_NO_CLIENT`. */
export async function stageClientSecret(
  vault: StoreContext,
  name: string,
  actor: Actor,
): Promise<StagedSecret> {
  const secret = newSecret();
  return await vault.db.transaction().execute(async (trx) => {
    const client = await requireClient(trx, name);
    const now = vault.now();
    const staged = { hash: hashSecret(secret), until: now + secretOverlapMs, usedAt: null };
    const before = await store.replaceSecondSecret(trx, client.id, staged);
    await appendAudit(trx, now, { action: 'client-rotate', outcome: 'ok', client: name, ...actor });
    return { client, secret, before };
  });
}

/** Makes a staged secret the current one. The previous one works for seven more days. */
export async function promoteStagedSecret(
  vault: StoreContext,
  { client }: Pick<StagedSecret, 'client'>,
): Promise<void> {
  await store.promoteSecondSecret(vault.db, client.id, vault.now() + secretOverlapMs);
}

/** Withdraws a staged secret, as if it had never existed. */
export async function withdrawStagedSecret(
  vault: StoreContext,
  { client, before }: Pick<StagedSecret, 'client' | 'before'>,
  actor: Actor,
): Promise<void> {
  await vault.db.transaction().execute(async (trx) => {
    const { usedAt } = await store.replaceSecondSecret(trx, client.id, before);
    // Only the push's own test used it. Otherwise an application that is not set up yet would count as connected.
    if (usedAt !== null) {
      await store.resetLastUsed(trx, client.id, { lastUsedAt: client.lastUsedAt, usedUntil: usedAt });
    }
    await appendAudit(trx, vault.now(), {
      action: 'client-rotate',
      outcome: 'withdrawn',
      client: client.name,
      ...actor,
    });
  });
}
