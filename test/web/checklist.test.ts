import { beforeEach, describe, expect, it } from 'vitest';
import { saveDestination } from '../../src/store/destinations.ts';
import { requireProfile } from '../../src/vault/profiles/profiles.ts';
import { saveChannelSettings } from '../../src/vault/reminders/channel-settings.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { testToken } from '../../src/vault/tokens/test-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { simulated } from '../support/test-simulator.ts';
import { actor, today } from '../support/vault/test-vault.ts';
import { type Served, served } from '../support/web/web-client.ts';

let web: Served;

beforeEach(async () => {
  const simulator = await simulated({ now: () => today });
  web = await served(simulator);
  const { accessToken } = simulator.issueToken('full-admin');
  const tokenId = await importToken(web.vault, { profile: 'acme' }, accessToken, actor);
  await verifyToken(web.vault, tokenId, actor);
});

describe('the checklist of the overview', () => {
  it('counts what is done, names the next step, and goes away once everything is done', async () => {
    const person = await web.person();
    const overview = async () => (await person.get('/').expect(200)).text;
    const first = await overview();
    expect(first).toContain('Set up: 1 of 4 done');
    expect(first).toMatch(/<a class="button" href="\/profiles\/acme\/entra">Connect Entra ID</);
    expect(first).toMatch(/<a class="button quiet" href="\/profiles\/acme\/okta">Connect Okta</);
    expect(first).not.toContain('Everything is up to date.');

    await person.post('/profiles/acme/okta/updated').type('form').expect(303);
    const second = await overview();
    expect(second).toContain('Set up: 2 of 4 done');
    expect(second).toMatch(/<a class="button" href="\/profiles\/acme#token">Test/);

    await testToken(web.vault, 'acme', actor);
    expect(await overview()).toMatch(/Set up: 3 of 4 done[\s\S]*<a class="button" href="\/reminders">Set up/);
    await saveChannelSettings(web.vault, 'webhook', { url: 'https://hook.example/1', secret: null }, actor);
    expect(await overview()).not.toContain('Set up:');
  });

  it('leads to the provider that is known: by a destination, or else by the settings', async () => {
    const person = await web.person();
    const connect = async () =>
      [
        ...(await person.get('/').expect(200)).text.matchAll(
          /<a class="(button[^"]*)"[^>]*>(Connect [^<]*)</g,
        ),
      ].map(([, style, label]) => `${label} (${style})`);
    web.vault.settings.okta.orgUrl = 'https://acme.okta.example';
    expect(await connect()).toEqual(['Connect Okta (button)', 'Connect Entra ID (button quiet)']);
    const { id: profileId } = await requireProfile(web.vault, 'acme');
    const app = { provider: 'entra', appId: 'app-1', appName: 'Cisco Webex', method: 'push' } as const;
    // Known, but it never got a token.
    await saveDestination(web.vault.db, { ...app, profileId, steps: [] });
    expect(await connect()).toEqual(['Connect Entra ID (button)']);
  });

  it('is not shown on a filtered page', async () => {
    const { text } = await (await web.person()).get('/?search=acme').expect(200);
    expect(text).not.toContain('Set up:');
  });
});

describe('the page of a captured token', () => {
  it('names the account in its headline, offers another one, and has one primary action', async () => {
    const person = await web.person();
    const [token] = await web.vault.db.selectFrom('token').select('id').execute();
    const { text } = await person.get(`/tokens/${token?.id}`).expect(200);
    expect(text).toMatch(/<h1>Token saved for acme, signed in as Ada Nakamura<\/h1>/);
    expect(text).toContain('Switch account');
    expect(text.match(/class="button"/g)).toHaveLength(1);
    expect(text).toMatch(/<details>\s*<summary>Why this expiry date\?/);
    expect(text).toContain('action="/profiles/acme/token"');
    expect(text).toContain('id="tenant-url"');
    expect(text).toMatch(/<input type="hidden" name="fresh" value="yes">\s*<button[^>]*>Switch account/);
  });
});
