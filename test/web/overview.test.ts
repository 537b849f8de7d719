import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { saveStatus } from '../../src/provisioning/entra/status/save-status.ts';
import { destinationsOf, saveDestination } from '../../src/store/destinations.ts';
import { insertProfiles } from '../../src/store/profiles/profiles.ts';
import { changeDisplayName } from '../../src/vault/profiles/profiles.ts';
import { startCampaign } from '../../src/vault/profiles/renewal-campaign.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';
import { simulated } from '../support/test-simulator.ts';
import { actor, today } from '../support/vault/test-vault.ts';
import { cardNames, storeDaysAgo } from '../support/web/overview-cards.ts';
import { served } from '../support/web/web-client.ts';

describe('the overview', () => {
  it('lists the most urgent profile first, with a label and a bar for each status', async () => {
    const web = await served();
    await storeDaysAgo(web, 'fresh', 0);
    await storeDaysAgo(web, 'old', 364);
    await storeDaysAgo(web, 'older', 365);
    await storeDaysAgo(web, 'middling', 180);
    const { text } = await (await web.person()).get('/').expect(200);
    expect(cardNames(text)).toEqual(['older', 'old', 'middling', 'fresh']);
    expect(text).toContain('2 need attention · 2 OK');
    const card = (name: string) =>
      text
        .split('<li class="card')
        .find((part) => part.includes(`class="stretched" href="/profiles/${name}"`));
    expect(card('older')).toMatch(/Expired.*expired less than a day ago.*<rect width="0"/s);
    expect(card('old')).toMatch(/Expires soon.*1 day left.*until <time datetime="2027-03-02/s);
    expect(card('middling')).toMatch(/Valid.*185 days left.*<rect width="51"/s);
    expect(card('fresh')).toMatch(/Valid.*365 days left.*<rect width="100"/s);
  });

  it('counts organizations that wait for their first sign-in separately from those that need attention', async () => {
    const web = await served();
    const waiting = ['one', 'two'].map((name) => fakeProfile({ name, orgId: crypto.randomUUID() }));
    await insertProfiles(web.vault.db, waiting);
    const person = await web.person();
    const lead = async () => /<p class="lead">(.*?)<\/p>/.exec((await person.get('/').expect(200)).text)?.[1];
    expect(await lead()).toBe('2 waiting for the first sign-in');
    await storeDaysAgo(web, 'old', 364);
    await storeDaysAgo(web, 'fresh', 0);
    expect(await lead()).toBe('1 needs attention · 1 OK · 2 waiting for the first sign-in');
  });

  it('counts an organization whose new token needs review as one that needs attention', async () => {
    const simulator = await simulated({ now: () => today });
    const web = await served(simulator);
    const take = async (profile: string, account: string) => {
      const { accessToken } = simulator.issueToken(account);
      const tokenId = await importToken(web.vault, { profile }, accessToken, actor);
      await verifyToken(web.vault, tokenId, actor);
    };
    await take('one', 'full-admin');
    await take('two', 'full-admin');
    await take('two', 'user-admin');
    // Its first sign-in was made, with the wrong account.
    await take('three', 'user-admin');
    const person = await web.person();
    const lead = async (path = '/') =>
      /<p class="lead">(.*?)<\/p>/.exec((await person.get(path).expect(200)).text)?.[1];
    expect(await lead()).toBe('2 need attention · 1 OK');
    expect(await lead('/?view=table')).toBe('2 need attention · 1 OK');
    await web.vault.db.deleteFrom('profile').where('name', '=', 'three').execute();
    expect(await lead('/?view=cards&status=valid')).toBe('1 needs attention · 1 OK');
  });

  it('shows the display name of an organization, wherever it names one', async () => {
    const web = await served();
    await storeDaysAgo(web, 'old', 364);
    await changeDisplayName(web.vault, 'old', 'Käufer & Söhne', actor);
    const { text } = await (await web.person()).get('/').expect(200);
    expect(text).toMatch(/Next to renew: <a href="\/profiles\/old">Käufer &amp; Söhne<\/a>/);
    expect(text).toMatch(
      /href="\/profiles\/old">Käufer &amp; Söhne<\/a><\/h2>\s*<p class="meta"><code>old<\/code>/,
    );
  });

  it('pages through a hundred profiles in both directions and searches them', async () => {
    const web = await served();
    for (let number = 0; number < 60; number += 1)
      await storeDaysAgo(web, `org-${String(number).padStart(3, '0')}`, 60 - number);
    const person = await web.person();
    const first = await person.get('/').expect(200);
    expect(cardNames(first.text)).toHaveLength(50);
    const later = /href="(\/\?after=[^"]+)" rel="next"/.exec(first.text)?.[1] ?? '';
    const second = await person.get(later).expect(200);
    expect(cardNames(second.text)).toEqual(Array.from({ length: 10 }, (_, index) => `org-0${50 + index}`));
    const earlier = /href="(\/\?before=[^"]+)" rel="prev"/.exec(second.text)?.[1] ?? '';
    expect(cardNames((await person.get(earlier).expect(200)).text)).toEqual(cardNames(first.text));

    const found = await person.get('/?search=org-007').expect(200);
    expect(cardNames(found.text)).toEqual(['org-007']);
    expect(found.text).toContain('1 organization matches “org-007”.');
    const none = await person.get('/?search=%3Cb%3E').expect(200);
    expect(none.text).toContain('No organizations match “&lt;b&gt;”.');
    await person.get('/?after=rubbish&before=rubbish').expect(200);
  });

  it('shows a token that needs review next to a valid current one, even if its profile is on a later page', async () => {
    const simulator = await simulated({ now: () => today });
    const web = await served(simulator);
    const take = async (profile: string, account: string) => {
      const { accessToken } = simulator.issueToken(account);
      const tokenId = await importToken(web.vault, { profile }, accessToken, actor);
      await verifyToken(web.vault, tokenId, actor);
      return tokenId;
    };
    await take('zebra', 'full-admin');
    const setAside = await take('zebra', 'user-admin');
    const person = await web.person();
    const near = (await person.get('/').expect(200)).text;
    expect(near).toMatch(new RegExp(`Valid[\\s\\S]*class="below is-attention"[\\s\\S]*/tokens/${setAside}"`));
    for (let number = 0; number < 51; number += 1) await storeDaysAgo(web, `org-${number}`, 1);
    const far = (await person.get('/').expect(200)).text;
    expect(far).not.toContain('class="below is-attention"');
  });

  it('shows a quarantine that a status check found', async () => {
    const web = await served();
    await storeDaysAgo(web, 'acme', 10);
    const person = await web.person();
    const page = async (path = '/') => (await person.get(path).expect(200)).text;
    // It is not verified, and not used anywhere.
    expect(await page()).toMatch(/All tokens are valid\.[\s\S]*acme<\/a>: its token is not yet verified/);
    const [profile] = await web.vault.db.selectFrom('profile').select('id').execute();
    const place = {
      profileId: profile?.id ?? '',
      provider: 'entra' as const,
      appId: 'app-1',
      appName: 'Cisco Webex',
    };
    await saveDestination(web.vault.db, { ...place, method: 'push', steps: [] });
    const [destination] = await destinationsOf(web.vault.db, place.profileId);
    const quarantine = {
      reason: 'Unknown',
      since: today - 3 * dayMs,
      nextAttempt: null,
      disabledAt: null,
      detail: null,
    };
    const watch = { jobId: 'j', status: 'Quarantine', lastCycle: null, lastSuccessAt: null, quarantine };
    await saveStatus(web.vault, { id: destination?.id ?? '', quarantinedSince: null }, watch);
    expect(await page()).toContain('<p class="lead">1 needs attention</p>');
    expect(await page()).toMatch(
      /quarantined provisioning:<\/strong> <a href="\/profiles\/acme#destinations">acme/,
    );
    expect(await page()).toContain('Quarantined by Entra ID, which disables provisioning in 25 days');
    expect(await page('/profiles/acme')).toContain(
      'Entra ID has quarantined “Cisco Webex”</strong> and disables provisioning in 25 days',
    );
  });

  it('offers a renewal if several profiles are due, and then continues it', async () => {
    const web = await served();
    for (const name of ['a', 'b', 'c']) await storeDaysAgo(web, name, 350);
    const person = await web.person();
    const page = async (path = '/') => (await person.get(path).expect(200)).text;
    expect(await page()).not.toContain('/renewals');
    await storeDaysAgo(web, 'd', 400);
    expect(await page()).toMatch(/4 tokens are due.<\/strong> <a href="\/renewals">/);
    expect(await page('/?search=a')).not.toContain('/renewals');
    await startCampaign(web.vault, { withinDays: 31 }, actor);
    expect(await page()).toContain('Renewal in progress (0 of 4).');
  });

  it('is marked as a demonstration, like every other page, in the demo', async () => {
    const web = await served(undefined, { demonstration: true });
    const person = await web.person();
    for (const path of ['/', '/sign-in', '/import', '/auth/code', '/nothing']) {
      expect((await person.get(path)).text).toContain(
        'Webex, Entra ID and Okta are simulated on this computer',
      );
    }
    expect((await web.visitor().get('/')).text).toContain(
      'Webex, Entra ID and Okta are simulated on this computer',
    );
    const other = await served();
    expect((await (await other.person()).get('/')).text).not.toContain('simulated');
  });
});
