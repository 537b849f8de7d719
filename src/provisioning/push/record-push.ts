import type { Profile } from '../../domain/profile.ts';
import { providerTitle } from '../../domain/providers.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { clearOtherProfilesAt, type Destination, saveDestination } from '../../store/destinations.ts';
import type { Actor, Vault } from '../../vault/context.ts';

/** Records that an application has access for a profile, and how, with an entry in the audit log. */
export async function recordPush(
  vault: Vault,
  profile: Profile,
  destination: Pick<
    Destination,
    'provider' | 'appId' | 'appName' | 'cloud' | 'method' | 'tokenId' | 'steps' | 'via' | 'clientId'
  >,
  actor: Actor,
): Promise<void> {
  const now = vault.now();
  await vault.db.transaction().execute(async (trx) => {
    await saveDestination(trx, { ...destination, profileId: profile.id, installedAt: now });
    // Without an ID, this may be a different application each time.
    if (destination.appId !== '') await clearOtherProfilesAt(trx, { ...destination, profileId: profile.id });
    await appendAudit(trx, now, {
      action: 'push',
      outcome: 'ok',
      profile: profile.name,
      client: `${providerTitle(destination.provider)} ${destination.appId}`.trim(),
      ...actor,
    });
  });
}

/** Appends a failed push to the audit log, with the error code as outcome. */
export async function auditFailedPush(
  vault: Vault,
  profile: Profile,
  provider: Destination['provider'],
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
      client: providerTitle(provider),
      ...actor,
    }),
  );
}
