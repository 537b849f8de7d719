import { beforeEach, describe, expect, it } from 'vitest';
import { addTraffic, slotOf, type TrafficChange } from '../../src/store/profiles/relay-traffic.ts';
import { addClient } from '../../src/vault/clients/clients.ts';
import { requireProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { actor, allTokens, auditLog, justCaptured, today } from '../support/vault/test-vault.ts';
import { type Served, served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

let web: Served;

beforeEach(async () => {
  web = await served();
});

async function store(profile: string, filler = 'A'): Promise<string> {
  const tokenId = await importToken(web.vault, { profile }, justCaptured(usualToken({ filler })), actor);
  await verifyToken(web.vault, tokenId, actor);
  return tokenId;
}

describe('the page of a profile', () => {
  it('shows the current token and the previous ones', async () => {
    await store('acme');
    web.vault.setNow(today + 100 * 86_400_000);
    await store('acme', 'B');
    const { text } = await (await web.person()).get('/profiles/acme').expect(200);
    expect(text).toContain('<summary>Renew</summary>');
    expect(text).toMatch(/Previous tokens.*Captured <time datetime="2027-03-01/s);
    expect(text).toContain('webex-token get acme');
    expect(text).not.toContain('A'.repeat(40));
  });

  it('shows its sections in the order of a person’s questions', async () => {
    await store('acme');
    const { text } = await (await web.person()).get('/profiles/acme').expect(200);
    expect([...text.matchAll(/<h2[^>]*>([^<]+)</g)].map(([, title]) => title)).toEqual([
      'Connect a destination',
      'Destinations',
      'Expiry',
      'Account',
      'Token',
      'Programs',
      'Tags and contact',
      'History',
      'Manage',
    ]);
  });

  it('offers one next action', async () => {
    await store('acme');
    const nextAction = async () => {
      const { text } = await (await web.person()).get('/profiles/acme').expect(200);
      return /<h2[^>]*>([^<]+)</.exec(text)?.[1];
    };
    expect(await nextAction()).toBe('Connect a destination');
    const person = await web.person();
    await person.post('/profiles/acme/okta/updated').type('form').expect(303);
    expect(await nextAction()).toBe('Destinations');
    web.vault.setNow(today + 1000);
    await store('acme', 'B');
    expect(await nextAction()).toBe('Destinations to update');
    web.vault.setNow(today + 400 * 86_400_000);
    expect(await nextAction()).toBe('Renew');
  });

  it('an unknown profile gets an error page with a remedy', async () => {
    const { text } = await (await web.person()).get('/profiles/%3Cb%3E').expect(404);
    expect(text).toContain('No profile is named &#34;&lt;b&gt;&#34;.');
  });

  it('renames a profile', async () => {
    await store('acme');
    const person = await web.person();
    await person
      .post('/profiles/acme/rename')
      .type('form')
      .send({ name: ' acme-corp ' })
      .expect(303)
      .expect('Location', '/profiles/acme-corp');
    expect((await person.get('/profiles/acme-corp').expect(200)).text).toContain(
      'Renamed “acme” to “acme-corp”',
    );
    await person.get('/profiles/acme').expect(404);
  });

  it('names the clients that need the new address of the SCIM relay', async () => {
    await store('acme');
    await addClient(web.vault, { name: 'entra', profiles: ['acme'], relayRights: 'all' }, actor);
    const person = await web.person();
    await person.post('/profiles/acme/rename').type('form').send({ name: 'acme-corp' }).expect(303);
    expect((await person.get('/profiles/acme-corp').expect(200)).text).toContain(
      'Enter the new address wherever entra is used',
    );
  });

  it.each([
    ['Acme Corp', 'for example &#34;acme-corp&#34;'],
    ['globex', 'A profile named &#34;globex&#34; already exists.'],
  ])('is not renamed to "%s"', async (name, message) => {
    await store('acme');
    await store('globex', 'B');
    const { text } = await (await web.person())
      .post('/profiles/acme/rename')
      .type('form')
      .send({ name })
      .expect(422);
    expect(text).toContain(message);
    expect(text).toContain(`value="${name}"`);
  });

  it('removes a profile after a confirmation that says what stays valid', async () => {
    await store('acme');
    const person = await web.person();
    const asked = await person.get('/profiles/acme/remove').expect(200);
    expect(asked.text).toContain('This does not revoke the token');
    expect(asked.text).toContain('https://idbroker.webex.com/idb/profile#/tokens');
    await person.get('/profiles/acme').expect(200);
    await person.post('/profiles/acme/remove').type('form').expect(303).expect('Location', '/');
    expect((await person.get('/').expect(200)).text).toContain('Removed “acme” and its tokens');
    await person.get('/profiles/acme').expect(404);
    await person.post('/profiles/acme/remove').type('form').expect(404);
  });

  it('activates or deletes a previous token after a confirmation', async () => {
    const earlier = await store('acme');
    web.vault.setNow(today + 1000);
    const current = await store('acme', 'B');
    const person = await web.person();
    const path = `/profiles/acme/tokens/${earlier}`;
    const { text } = await person.get('/profiles/acme').expect(200);
    expect(text).toContain(`href="${path}/activate"`);
    expect(text).toContain(`href="${path}/remove"`);

    const question = await person.get(`${path}/activate`).expect(200);
    expect(question.text).toContain(`<form method="post" action="${path}/activate"`);
    await person.post(`${path}/activate`).type('form').expect(303).expect('Location', '/profiles/acme');
    expect(await states()).toEqual({ [earlier]: 'current', [current]: 'previous' });

    expect((await person.get(`/profiles/acme/tokens/${current}/remove`)).text).toContain(
      'Delete this token?',
    );
    await person.post(`/profiles/acme/tokens/${current}/remove`).type('form').expect(303);
    expect(await states()).toEqual({ [earlier]: 'current' });

    await person.get(`/profiles/acme/tokens/${current}/activate`).expect(404);
    await person.post(`/profiles/nobody/tokens/${earlier}/remove`).type('form').expect(404);
  });
});

async function states(): Promise<Record<string, string>> {
  return Object.fromEntries((await allTokens(web.vault, 'acme')).map(({ id, state }) => [id, state]));
}

describe('the SCIM relay on the page of a profile', () => {
  const traffic = async (change: Partial<TrafficChange>) => {
    const { id } = await requireProfile(web.vault, 'acme');
    const none = { profileId: id, slots: [], lastSuccessAt: null, lastError: null };
    await addTraffic(web.vault.db, [{ ...none, ...change }], web.vault.now());
  };
  const section = async () => {
    const { text } = await (await web.person()).get('/profiles/acme').expect(200);
    return /<section aria-labelledby="relay">.*?<\/section>/s.exec(text)?.[0] ?? null;
  };

  it('is shown with its first client', async () => {
    await store('acme');
    expect(await section()).toBeNull();
    await addClient(web.vault, { name: 'ci', profiles: ['acme'] }, actor);
    expect(await section()).toBeNull();
    await addClient(web.vault, { name: 'entra', profiles: ['acme'], relayRights: 'all' }, actor);
    const text = await section();
    expect(text).toContain('http://localhost:3000/scim/acme');
    expect(text).toContain('href="/clients/entra"');
    expect(text).not.toContain('href="/clients/ci"');
    expect(text).toContain('No requests');
  });

  it('shows the traffic of all replicas, the last success and the last error in plain words', async () => {
    await store('acme');
    const slot = slotOf(today);
    await traffic({ slots: [{ slot, succeeded: 3, failed: 0 }], lastSuccessAt: today });
    await traffic({
      slots: [
        { slot, succeeded: 2, failed: 1 },
        { slot: slot - 2 * 3_600_000, succeeded: 100, failed: 0 },
      ],
      lastError: { at: today, error: 'unreachable' },
    });
    const text = await section();
    expect(text).toContain('6 requests, 1 failed');
    expect(text).toContain('106 requests, 1 failed');
    expect(text).toContain('Webex could not be reached, or closed the connection.');
    expect(text?.match(/class="good"/g)).toHaveLength(3);
    expect(text?.match(/class="bad"/g)).toHaveLength(2);
    expect(text).toMatch(/Last success<\/dt><dd><time datetime="2027-03-01T00:00/);
  });

  it('forgets traffic after a day', async () => {
    await store('acme');
    await traffic({ slots: [{ slot: slotOf(today), succeeded: 1, failed: 0 }], lastSuccessAt: today });
    web.vault.setNow(today + 26 * 3_600_000);
    await traffic({ lastSuccessAt: today });
    expect(await web.vault.db.selectFrom('relay_traffic').selectAll().execute()).toEqual([]);
    expect(await section()).toContain('No requests');
  });
});

describe('the tags and the contact of a profile', () => {
  it('are shown, edited and found', async () => {
    await store('acme');
    const person = await web.person();
    const save = (tag: string, contact: string) =>
      person.post('/profiles/acme/tags-and-contact').type('form').send({ tag, contact });
    const { headers } = await save('EMEA, gold', 'it@acme.example').expect(303);
    expect(headers.location).toBe('/profiles/acme');
    const { text } = await person.get('/profiles/acme').expect(200);
    expect(text).toContain('Tags and contact saved.');
    expect(text).toContain('<a class="tag" href="/?tag=emea">emea</a>');
    expect(text).toContain('<dd>it@acme.example</dd>');
    expect((await requireProfile(web.vault, 'acme')).tags).toEqual(['emea', 'gold']);
    expect((await auditLog(web.vault)).at(-1)).toBe('update ok acme');

    for (const query of ['tag=gold', 'search=it%40acme', 'search=emea']) {
      expect((await person.get(`/?${query}`).expect(200)).text).toContain('href="/profiles/acme"');
    }
    const none = (await person.get('/?tag=silver').expect(200)).text;
    expect(none).toContain('No organizations match the tag “silver”.');

    await save('', '').expect(303);
    expect(await requireProfile(web.vault, 'acme')).toMatchObject({ tags: [], contact: null });
  });

  it('stay as they were if one of them is invalid', async () => {
    await store('acme');
    const person = await web.person();
    await person
      .post('/profiles/acme/tags-and-contact')
      .type('form')
      .send({ tag: 'emea', contact: '' })
      .expect(303);
    const { text } = await person
      .post('/profiles/acme/tags-and-contact')
      .type('form')
      .send({ tag: '<b>', contact: 'a@b, c@d' })
      .expect(422);
    expect(text).toContain('is not a valid tag');
    expect(text).toContain('is not a valid mail address');
    expect(text).toContain('<details open>');
    expect(text).toContain('value="&lt;b&gt;"');
    expect((await requireProfile(web.vault, 'acme')).tags).toEqual(['emea']);
    const unknown = person.post('/profiles/nobody/tags-and-contact').type('form');
    await unknown.send({ tag: 'emea', contact: '' }).expect(404);
  });
});
