import { describe, expect, it } from 'vitest';
import { addClient } from '../../src/vault/clients/clients.ts';
import { changeDisplayName, requireProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { sampleMessage } from '../support/reminders/sample-message.ts';
import { actor, justCaptured } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

describe('the display name of an organization', () => {
  it('is shown on pages, while commands keep the technical name', async () => {
    const web = await served();
    await importToken(web.vault, { profile: 'acme' }, usualToken(), actor);
    const person = await web.person();
    const save = (displayName: string) =>
      person.post('/profiles/acme/display-name').type('form').send({ displayName });
    await save('  Acme Corporation – Käufer & Söhne ').expect(303).expect('Location', '/profiles/acme');
    expect((await requireProfile(web.vault, 'acme')).displayName).toBe('Acme Corporation – Käufer & Söhne');
    const page = (await person.get('/profiles/acme').expect(200)).text;
    expect(page).toContain('<h1>Acme Corporation – Käufer &amp; Söhne</h1>');
    expect(page).toContain('In commands: <code>acme</code>');
    expect((await person.get('/').expect(200)).text).toContain(
      'Acme Corporation – Käufer &amp; Söhne</a></h2>',
    );
    const refused = await save('a\u202eb').expect(422);
    expect(refused.text).toContain('The name contains an invisible character (U+202E).');
    await save('').expect(303);
    expect((await person.get('/profiles/acme')).text).toContain('<h1>acme</h1>');
  });

  it('comes first on every page that names the organization', async () => {
    const web = await served();
    const tokenId = await importToken(web.vault, { profile: 'acme' }, justCaptured(usualToken()), actor);
    await verifyToken(web.vault, tokenId, actor);
    const { client } = await addClient(web.vault, { name: 'ci', profiles: ['acme'] }, actor);
    await changeDisplayName(web.vault, 'acme', 'Käufer & Söhne', actor);
    const person = await web.person();
    for (const path of [
      '/',
      '/?view=table',
      `/tokens/${tokenId}`,
      '/profiles/acme',
      '/profiles/acme/test',
      '/profiles/acme/entra',
      '/profiles/acme/okta',
      '/profiles/acme/remove',
      `/profiles/acme/tokens/${tokenId}/remove`,
      `/profiles/acme/tokens/${tokenId}/activate`,
      '/clients',
      `/clients/${client.name}`,
      '/renewals?within=400',
    ]) {
      const { text } = await person.get(path).expect(200);
      expect.soft(text, path).toContain('Käufer &amp; Söhne');
      // Between quotation marks and in headings, pages name it as people do.
      expect.soft(text, path).not.toMatch(/“acme”(?! )|<h[12][^>]*>[^<]*\bacme\b/);
    }
  });

  it('is entered in the form that adds an organization, with a name for commands that can be changed', async () => {
    const web = await served();
    const person = await web.person();
    const add = (fields: object) =>
      person
        .post('/sign-in')
        .type('form')
        .send({ where: 'private', ...fields });
    const named = async (name: string) => {
      const rows = await web.vault.db
        .selectFrom('sign_in')
        .select(['profile_name', 'display_name'])
        .where('profile_name', '=', name)
        .execute();
      return rows[0]?.display_name;
    };
    expect((await add({ name: 'Käufer & Söhne' }).expect(200)).text).toContain('“Käufer &amp; Söhne”');
    expect(await named('kaufer-sohne')).toBe('Käufer & Söhne');
    await add({ name: 'Käufer & Söhne', technicalName: 'ks' }).expect(200);
    expect(await named('ks')).toBe('Käufer & Söhne');
    // Nothing of this name could be used in a command.
    expect((await add({ name: '東京' }).expect(422)).text).toMatch(/<details open>[\s\S]*Name for commands/);
    await add({ name: '東京', technicalName: 'tokyo' }).expect(200);
    expect(await named('tokyo')).toBe('東京');
    const wrong = (await add({ name: 'Acme', technicalName: 'Not valid' }).expect(422)).text;
    expect(wrong).toMatch(/href="#technicalName">[^<]*is not a valid profile name/);
    expect(wrong).toContain('value="Not valid"');
  });

  it('is in mails', () => {
    const { subject, organization, data } = sampleMessage({ displayName: 'Acme Corporation' });
    expect(subject).toContain('Renew the Webex token for Acme Corporation by');
    expect([organization, data.profile]).toEqual(['Acme Corporation', 'acme']);
  });
});
