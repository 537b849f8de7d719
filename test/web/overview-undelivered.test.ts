import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { saveDestination } from '../../src/store/destinations.ts';
import { tokensOf, updateToken } from '../../src/store/profiles/tokens.ts';
import { requireProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { simulated } from '../support/test-simulator.ts';
import { actor, today } from '../support/vault/test-vault.ts';
import { cardNames, storeDaysAgo } from '../support/web/overview-cards.ts';
import { type Served, served } from '../support/web/web-client.ts';

describe('the overview of a profile that was renewed but not delivered', () => {
  /** Entra ID holds the token before the last one, which has 25 days left. */
  async function undelivered(web: Served, name: string): Promise<void> {
    await storeDaysAgo(web, name, 340);
    const profile = await requireProfile(web.vault, name);
    const [earlier] = await tokensOf(web.vault.db, profile.id);
    const app = { provider: 'entra', appId: 'app-1', appName: 'Cisco Webex', method: 'push' } as const;
    await saveDestination(web.vault.db, {
      ...app,
      profileId: profile.id,
      steps: [],
      tokenId: earlier?.id ?? null,
      installedAt: today - 340 * dayMs,
    });
    await storeDaysAgo(web, name, 0);
  }

  it('puts it first in line, with the end of the earlier token and the button that delivers', async () => {
    const web = await served();
    await undelivered(web, 'globex');
    await storeDaysAgo(web, 'over', 366);
    await storeDaysAgo(web, 'fresh', 0);
    const person = await web.person();
    const { text } = await person.get('/').expect(200);
    expect(cardNames(text)).toEqual(['globex', 'over', 'fresh']);
    expect(text).toContain('2 need attention · 1 OK');
    expect(text).not.toContain('Everything is up to date');
    const [, next = ''] = /<section class="card due is-undelivered"(.*?)<\/section>/s.exec(text) ?? [];
    expect(next).toMatch(/Renewed, not delivered: <a href="\/profiles\/globex">/);
    expect(next).toMatch(/expires on <time datetime="2027-03-26.*25 days left/s);
    expect(next).toMatch(/Entra ID<\/strong> \(Cisco Webex\) still uses an earlier token, which expires on/);
    expect(next).toContain('action="/profiles/globex/push-jobs"');
    expect(text).not.toContain('Next to renew');

    const page = (await person.get('/profiles/globex').expect(200)).text;
    expect(page).toMatch(
      /Renewed, not delivered<\/span> <span>25 days left, until <time datetime="2027-03-26/,
    );
    // The timeline uses the expiry of the earlier token too.
    const [, history = ''] = /id="timeline">(.*?)<\/section>/s.exec(page) ?? [];
    expect(history).toMatch(/Next reminder.*2027-03.*Earlier token expires.*2027-03-26.*Expires/s);
    expect(cardNames((await person.get('/?status=undelivered').expect(200)).text)).toEqual(['globex']);
    // An expired token keeps nothing working, and there is nothing to test.
    const expired = (await person.get('/profiles/over').expect(200)).text;
    expect(expired).toContain('Sign in again');
    expect(expired).not.toContain('keeps working');
    expect(expired).not.toContain('action="/profiles/over/test"');
    // There is a token to deliver, automatically or by hand.
    const provider = (await person.get('/profiles/globex/entra').expect(200)).text;
    expect(provider).not.toContain('There is no valid token to send');
    expect(provider).not.toContain(' disabled');
    expect(provider).toContain('<button class="button">Update Entra ID</button>');
    expect((await person.get('/renewals?within=40').expect(200)).text).toMatch(
      /tokens to renew or deliver[\s\S]*globex<\/a><\/td>\s*<td>Renewed, not delivered: 25 days left/,
    );
  });

  it('says that everything is up to date only when it is', async () => {
    const simulator = await simulated();
    const web = await served(simulator);
    Object.assign(web.vault.settings.reminders, { webhookUrl: 'https://hooks.example/x' });
    const { accessToken } = simulator.issueToken('full-admin');
    const tokenId = await importToken(web.vault, { profile: 'acme' }, accessToken, actor);
    await verifyToken(web.vault, tokenId, actor);
    const person = await web.person();
    const page = async () => (await person.get('/').expect(200)).text;
    expect(await page()).toMatch(/All tokens are valid\.[\s\S]*Connect Entra ID or Okta/);
    const { id } = await requireProfile(web.vault, 'acme');
    const app = { provider: 'entra', appId: 'app-1', appName: 'Cisco Webex', method: 'push' } as const;
    await saveDestination(web.vault.db, { ...app, profileId: id, steps: [], tokenId, installedAt: today });
    expect(await page()).toContain('<p class="lead">Everything is up to date.</p>');
    Object.assign(web.vault.settings.reminders, { webhookUrl: null });
    expect(await page()).not.toContain('Everything is up to date');
  });

  it('names a rejected or expired token as the next to renew', async () => {
    const web = await served();
    await storeDaysAgo(web, 'fresh', 0);
    await storeDaysAgo(web, 'refused', 10);
    const { id } = await requireProfile(web.vault, 'refused');
    const [token] = await tokensOf(web.vault.db, id);
    await updateToken(web.vault.db, token?.id ?? '', { rejectedAt: today });
    const { text } = await (await web.person()).get('/').expect(200);
    expect(text).toMatch(
      /Next to renew: <a href="\/profiles\/refused">refused<\/a><\/h2>\s*<p>Webex rejects its token\./,
    );
    expect(text).toContain('action="/profiles/refused/sign-in"');
  });
});
