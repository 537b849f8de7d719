import { describe, expect, it } from 'vitest';
import {
  alwaysCurrentMessages,
  countDestinations,
  destinationLabels,
  listDestinations,
  outdatedMessages,
} from '../../src/provisioning/destinations.ts';
import type { ProvisioningStatus } from '../../src/provisioning/entra/status/provisioning-status.ts';
import { quarantineAlertSource } from '../../src/provisioning/entra/status/quarantine-alerts.ts';
import { saveStatus } from '../../src/provisioning/entra/status/save-status.ts';
import { recordPush } from '../../src/provisioning/push/record-push.ts';
import { type Destination, destinationsOf, otherProfilesAt } from '../../src/store/destinations.ts';
import { addClient, removeClient } from '../../src/vault/clients/clients.ts';
import { requireProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import {
  actor,
  type ProvisioningVault,
  provisioningVault,
} from '../support/provisioning/provisioning-vault.ts';

const appId = '11111111-2222-4333-8444-555555555555';

/** The profile "acme", whose application in Entra ID reaches Webex through the relay or with our tokens. */
async function installed(
  via: Exclude<Destination['via'], 'token'>,
  now?: () => number,
): Promise<ProvisioningVault & { profileId: string }> {
  const setting = await provisioningVault(undefined, now);
  const { vault } = setting;
  await setting.storeToken();
  const relayRights = via === 'relay' ? { relayRights: 'all' as const } : {};
  const { client } = await addClient(
    vault,
    { name: 'acme-entra', profiles: ['acme'], ...relayRights },
    actor,
  );
  const profile = await requireProfile(vault, 'acme');
  const app = { provider: 'entra', appId, appName: 'Cisco Webex', cloud: 'global' } as const;
  const access = { method: 'push', tokenId: null, via, clientId: client.id, steps: [] as unknown[] } as const;
  await recordPush(vault, profile, { ...app, ...access }, actor);
  return { ...setting, profileId: profile.id };
}

describe.each(['relay', 'oauth'] as const)('a destination via %s', (via) => {
  it('is up to date before and after a renewal, until the current token expires', async () => {
    const { vault, storeToken } = await installed(via);
    const [before] = await listDestinations(vault, 'acme');
    expect(before).toMatchObject({ via, client: 'acme-entra', upToDate: true });
    await storeToken();
    const views = await listDestinations(vault, 'acme');
    expect(views).toMatchObject([{ via, upToDate: true, tokenExpiresAt: expect.stringMatching(/^\d{4}-/) }]);
    expect(outdatedMessages('acme', views)).toEqual([]);
    expect(alwaysCurrentMessages(views)).toEqual([
      'Entra ID ("Cisco Webex") picks up the new token automatically. There is nothing to do there.',
    ]);
    expect([...(await destinationLabels(vault))]).toEqual([['acme', 'Entra ID (always current)']]);
    expect(await countDestinations(vault)).toEqual({ upToDate: 1, outdated: 0 });
  });

  it('loses its access when its API client is removed', async () => {
    const { vault } = await installed(via);
    await removeClient(vault, 'acme-entra', actor);
    const views = await listDestinations(vault, 'acme');
    expect(views).toMatchObject([{ via: 'token', client: null, upToDate: false, installedAt: null }]);
    expect(await countDestinations(vault)).toEqual({ upToDate: 0, outdated: 1 });
    expect(outdatedMessages('acme', views)).toEqual([
      'Entra ID ("Cisco Webex") has no token yet. Update it: npx webex-token push entra acme',
    ]);
  });
});

describe('an application that another profile takes', () => {
  it('counts as taken, and no longer belongs to the profile before', async () => {
    const { vault, simulator, profileId } = await installed('relay');
    const other = { ...(await requireProfile(vault, 'acme')), id: 'another-profile' };
    expect(await otherProfilesAt(vault.db, { profileId: other.id, provider: 'entra', appId })).toEqual([
      'acme',
    ]);
    const { accessToken } = simulator.issueToken('other-organization');
    await importToken(vault, { profile: 'globex' }, accessToken, actor);
    const globex = await requireProfile(vault, 'globex');
    const app = { provider: 'entra', appId, appName: 'Cisco Webex', cloud: 'global' } as const;
    const access = {
      method: 'push',
      tokenId: null,
      via: 'token',
      clientId: null,
      steps: [] as unknown[],
    } as const;
    await recordPush(vault, globex, { ...app, ...access }, actor);
    expect(await destinationsOf(vault.db, profileId)).toMatchObject([{ via: 'token', clientId: null }]);
  });
});

describe('a quarantine of a destination via the relay', () => {
  const day = 86_400_000;
  const began = Date.UTC(2027, 2, 1);

  async function quarantined(now: () => number) {
    const setting = await installed('relay', now);
    const [destination] = await destinationsOf(setting.vault.db, setting.profileId);
    if (destination === undefined) throw new Error('no destination');
    const quarantine = {
      reason: 'EncounteredQuarantineException',
      since: began,
      nextAttempt: null,
      disabledAt: began + 28 * day,
      detail: null,
    };
    const status: ProvisioningStatus = {
      jobId: 'job-1',
      status: 'Quarantine',
      lastCycle: null,
      lastSuccessAt: null,
      quarantine,
    };
    await saveStatus(setting.vault, destination, status);
    return setting;
  }

  it('asks for the server to be checked, not for the token to be sent', async () => {
    const { vault } = await quarantined(() => began - day);
    const [alert] = await quarantineAlertSource(vault, 'UTC').currentAlerts();
    const message = await alert?.message();
    expect(message?.action).toContain('does not reach Webex through this server');
    expect(message?.shortAction).toContain('webex-token push entra acme --via relay');
  });

  it('is not reported until the next attempt after a renewal, and again if that fails too', async () => {
    let time = began + day;
    const { vault } = await quarantined(() => time);
    expect(await quarantineAlertSource(vault, 'UTC').currentAlerts()).toEqual([]);
    time += 3 * day;
    expect(await quarantineAlertSource(vault, 'UTC').currentAlerts()).toHaveLength(1);
  });
});
