import { describe, expect, it } from 'vitest';
import { requireProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { sampleMessage } from '../support/reminders/sample-message.ts';
import { actor } from '../support/vault/test-vault.ts';
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
    expect(refused.text).toContain('This is not a valid display name.');
    await save('').expect(303);
    expect((await person.get('/profiles/acme')).text).toContain('<h1>acme</h1>');
  });

  it('is in mails', () => {
    const { subject, organization, data } = sampleMessage({ displayName: 'Acme Corporation' });
    expect(subject).toContain('Renew the Webex token for Acme Corporation by');
    expect([organization, data.profile]).toEqual(['Acme Corporation', 'acme']);
  });
});
