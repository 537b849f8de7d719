import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { setTagsAndContact } from '../../src/store/profiles/profiles.ts';
import { removeProfile } from '../../src/vault/profiles/profiles.ts';
import {
  activeCampaign,
  campaignItems,
  finishCampaign,
  nextProfile,
  skipProfile,
  startCampaign,
  startCampaignOf,
} from '../../src/vault/profiles/renewal-campaign.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { actor, auditLog, newVault, type TestVault, today } from '../support/vault/test-vault.ts';

/** Stores a token that was captured `daysAgo` and lives for 100 days. */
async function captured(vault: TestVault, profile: string, daysAgo: number, tags: string[] = []) {
  vault.setNow(today - daysAgo * dayMs);
  const tokenId = await importToken(
    vault,
    { profile, deployment: 'commercial' },
    `#access_token=fake-token-${profile}-${daysAgo}&token_type=Bearer&expires_in=${100 * 86_400}`,
    actor,
  );
  const { profile: saved } = await verifyToken(vault, tokenId, actor);
  await setTagsAndContact(vault.db, saved.id, { tags });
  vault.setNow(today);
}

async function partner(): Promise<TestVault> {
  const vault = await newVault();
  await captured(vault, 'later', 10);
  await captured(vault, 'soon', 80, ['emea']);
  await captured(vault, 'over', 110, ['emea']);
  await captured(vault, 'sooner', 90, ['apac']);
  return vault;
}

async function states(vault: TestVault): Promise<string[]> {
  const items = await campaignItems(vault, await activeCampaign(vault));
  return items.map(({ profile, state }) => `${profile} ${state}`);
}

describe('a renewal campaign', () => {
  it('has no time limit if a person selected its profiles', async () => {
    const vault = await partner();
    await startCampaignOf(vault, ['later', 'soon'], actor);
    const { campaign, counts } = await activeCampaign(vault);
    expect(campaign.expiresBefore).toBeNull();
    expect(counts.waiting).toBe(2);
    await finishCampaign(vault, await activeCampaign(vault), actor);
    await startCampaign(vault, { withinDays: 31 }, actor);
    expect((await activeCampaign(vault)).campaign.expiresBefore).toBe(today + 31 * dayMs);
  });

  it('works through the tokens that expire soon, earliest first, regardless of how each is renewed', async () => {
    const vault = await partner();
    expect((await startCampaign(vault, { withinDays: 31 }, actor)).counts).toEqual({
      waiting: 3,
      undelivered: 0,
      renewed: 0,
      skipped: 0,
    });
    expect(await states(vault)).toEqual(['over waiting', 'sooner waiting', 'soon waiting']);
    const next = async () => (await nextProfile(vault, await activeCampaign(vault)))?.profile;
    expect(await next()).toBe('over');
    await captured(vault, 'over', 0);
    expect(await next()).toBe('sooner');
    await skipProfile(vault, 'sooner', actor);
    // Renewed out of order, and after it was skipped.
    await captured(vault, 'soon', 0);
    await captured(vault, 'sooner', 0);
    expect(await states(vault)).toEqual(['over renewed', 'sooner renewed', 'soon renewed']);
    expect(await next()).toBeUndefined();
    await finishCampaign(vault, await activeCampaign(vault), actor);
    expect((await brokerErrorOf(() => activeCampaign(vault))).code).toBe('E_RENEWAL');
    expect(await auditLog(vault)).toEqual(
      expect.arrayContaining(['renewal-start ok -', 'renewal-skip ok sooner', 'renewal-end ok -']),
    );
  });

  it('can be limited to one tag, and drops a removed profile', async () => {
    const vault = await partner();
    await startCampaign(vault, { withinDays: 31, tag: 'emea' }, actor);
    expect(await states(vault)).toEqual(['over waiting', 'soon waiting']);
    await removeProfile(vault, 'over', actor);
    expect(await states(vault)).toEqual(['soon waiting']);
    expect(await brokerErrorOf(() => skipProfile(vault, 'later', actor))).toMatchObject({
      code: 'E_RENEWAL',
    });
  });

  it('refuses a second campaign, and one without profiles', async () => {
    const vault = await partner();
    const none = await brokerErrorOf(() => startCampaign(vault, { withinDays: 31, tag: 'nothing' }, actor));
    expect(none).toMatchObject({ code: 'E_RENEWAL', message: 'No token expires within 31 days.' });
    await startCampaign(vault, { withinDays: 31 }, actor);
    const second = await brokerErrorOf(() => startCampaign(vault, { withinDays: 31 }, actor));
    expect(second.help).toContain('webex-token renew continue');
  });
});
