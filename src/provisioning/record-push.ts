import type { Profile } from '../domain/profile.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { appendAudit } from '../store/audit/audit.ts';
import { clearOtherProfilesAt, type Destination, saveDestination } from '../store/destinations.ts';
import type { Actor, Vault } from '../vault/context.ts';

/** What each tool is called. */
export const providerNames = { entra: 'Entra ID', okta: 'Okta' } as const;

/** Keeps that a tool has a profile's token now, and says so in the audit log. */
export async function recordPush(
  vault: Vault,
  profile: Profile,
  handoff: Pick<Destination, 'kind' | 'appId' | 'appName' | 'cloud' | 'method' | 'tokenId' | 'steps'>,
  actor: Actor,
): Promise<void> {
  const now = vault.now();
  await vault.db.transaction().execute(async (trx) => {
    await saveDestination(trx, { ...handoff, profileId: profile.id, installedAt: now });
    // An application that is not known by its ID may be another one each time.
    if (handoff.appId !== '') await clearOtherProfilesAt(trx, { ...handoff, profileId: profile.id });
    await appendAudit(trx, now, {
      action: 'push',
      outcome: 'ok',
      profile: profile.name,
      client: `${providerNames[handoff.kind]} ${handoff.appId}`.trim(),
      ...actor,
    });
  });
}

/** Says in the audit log that a push failed, and why in a word. */
export async function auditFailedPush(
  vault: Vault,
  profile: Profile,
  kind: Destination['kind'],
  error: unknown,
  actor: Actor,
): Promise<void> {
  const outcome =
    error instanceof BrokerError
      ? error.code.toLowerCase().replace(/^e_/, '').replaceAll('_', '-')
      : 'failed';
  await vault.db.transaction().execute((trx) =>
    appendAudit(trx, vault.now(), {
      action: 'push',
      outcome,
      profile: profile.name,
      client: providerNames[kind],
      ...actor,
    }),
  );
}
