import { describe, expect, it } from 'vitest';
import { insertProfiles, setDisplayName, setTagsAndContact } from '../../src/store/profiles/profiles.ts';
import { parseProfileRow } from '../../src/vault/profiles/csv-row.ts';
import { parseProfileCsv } from '../../src/vault/profiles/profile-csv.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';
import { actor, auditLog, justCaptured, today } from '../support/vault/test-vault.ts';
import { type Served, served } from '../support/web/web-client.ts';

async function partner(count = 230): Promise<Served> {
  const web = await served();
  const name = (number: number) => `org-${String(number).padStart(3, '0')}`;
  const profiles = Array.from({ length: count }, (_, number) =>
    fakeProfile({
      name: name(number),
      contact: `${String(count - number).padStart(3, '0')}@customer.example`,
      tags: number % 2 === 0 ? ['even'] : [],
    }),
  );
  await insertProfiles(web.vault.db, profiles);
  return web;
}

const names = (html: string) =>
  [...html.matchAll(/<th scope="row"><a href="\/profiles\/([^"]+)"/g)].map(([, name]) => name);

describe('the table of organizations', () => {
  it('has pages by number, and orders by the links in its header', async () => {
    const person = await (await partner()).person();
    const page = async (path: string) => (await person.get(path).expect(200)).text;
    const first = await page('/?view=table&sort=name');
    expect(names(first)).toHaveLength(100);
    expect(names(first)[0]).toBe('org-000');
    expect(first).toContain('1–100 of 230');
    expect(first).toContain('aria-sort="ascending"');
    expect(names(await page('/?sort=name&page=3'))).toHaveLength(30);
    expect(first).toContain('href="/?sort=name&amp;page=3"');
    const down = /<th scope="col" aria-sort="ascending"><a href="([^"]+)"/.exec(first)?.[1] ?? '';
    expect(names(await page(down))[0]).toBe('org-229');
    expect(names(await page('/?sort=contact'))[0]).toBe('org-229');
    expect(await page('/?page=99&sort=name')).toContain('201–230 of 230');
    expect(names(await page('/?sort=rubbish&page=rubbish'))).toHaveLength(100);
    expect(await page('/?tag=even&sort=name')).toContain('1–100 of 115');
  });

  it('remembers the view and its columns in a cookie that holds only their names', async () => {
    const person = await (await partner(3)).person();
    const heads = async (path = '/') =>
      [
        ...(await person.get(path).expect(200)).text.matchAll(/<th scope="col"[^>]*>(?:<a [^>]*>)?([^<]+)/g),
      ].map(([, text]) => text);
    expect(await heads()).toEqual([]);
    const { headers } = await person.get('/?view=table&columns=name&columns=tags&columns=evil').expect(200);
    expect(headers['set-cookie']?.[0]).toMatch(
      /^overview-3000=table\.tags; Max-Age=\d+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
    );
    expect(await heads()).toEqual(['Name', 'Tags']);
    expect(await heads('/?view=cards')).toEqual([]);
    expect(await heads('/?view=table')).toEqual(['Name', 'Tags']);
    expect(await heads('/?view=table&columns=name')).toEqual(['Name']);
  });

  it('shows display name, technical name, tags and contact, escaped', async () => {
    const web = await partner(1);
    const [profile] = await web.vault.db.selectFrom('profile').select('id').execute();
    await setDisplayName(web.vault.db, profile?.id ?? '', 'Käufer <b> & Söhne');
    const { text } = await (await web.person()).get('/?view=table').expect(200);
    expect(text).toMatch(/Käufer &lt;b&gt; &amp; Söhne<\/a> <span class="hint">org-000/);
    expect(text).toContain('href="/?tag=even"');
    expect(text).toContain('001@customer.example');
  });
});

describe('the export of organizations', () => {
  it('has what the filter finds, in a file that the import reads', async () => {
    const web = await partner(4);
    const [first] = await web.vault.db.selectFrom('profile').select('id').orderBy('name').execute();
    await setTagsAndContact(web.vault.db, first?.id ?? '', {
      contact: '=sum@customer.example',
      tags: ['a', 'even'],
    });
    const person = await web.person();
    const { text, headers } = await person.get('/organizations.csv?tag=even').expect(200);
    expect(headers['content-type']).toMatch(/^text\/csv/);
    expect(headers['content-disposition']).toBe('attachment; filename=organizations.csv');
    expect(text).toBe(
      'profile,display_name,org_id,deployment,contact,tags\r\n' +
        "org-000,,,commercial,'=sum@customer.example,a even\r\n" +
        'org-002,,,commercial,002@customer.example,even\r\n',
    );
    const rows = parseProfileCsv(text).map((row) => parseProfileRow(row, today));
    expect(rows[0]).toMatchObject({
      profile: 'org-000',
      contact: '=sum@customer.example',
      tags: ['a', 'even'],
    });
    await web.visitor().get('/organizations.csv').expect(403);
  });
});

describe('the selection of organizations', () => {
  const select = async (web: Served, fields: Record<string, string | string[]>) =>
    (await web.person()).post('/selection').type('form').send(fields);
  const tagsOf = async ({ vault }: Served) =>
    (await vault.db.selectFrom('profile').select(['tags', 'contact']).orderBy('name').execute()).map(
      ({ tags, contact }) => [JSON.parse(tags), contact],
    );

  it('gets and loses a tag, and gets a contact, all or none of them', async () => {
    const web = await partner(3);
    const profiles = ['org-000', 'org-001'];
    const added = await select(web, { action: 'add-tag', tag: 'EMEA', profiles, query: 'sort=name&page=2' });
    expect(added.status).toBe(303);
    expect(added.headers.location).toBe('/?sort=name&page=2');
    await select(web, {
      action: 'remove-tag',
      tag: 'even',
      all: 'page',
      shown: 'org-000 org-001 org-002',
      confirmed: '3',
    });
    const contact = 'it@partner.example';
    await select(web, { action: 'set-contact', contact, profiles: 'org-002', confirmed: '1' });
    expect(await tagsOf(web)).toEqual([
      [['emea'], '003@customer.example'],
      [['emea'], '002@customer.example'],
      [[], 'it@partner.example'],
    ]);
    expect(await auditLog(web.vault)).toEqual([
      'update ok org-000',
      'update ok org-001',
      'update ok org-000',
      'update ok org-002',
      'update ok org-002',
    ]);
    const before = await tagsOf(web);
    const gone = await select(web, { action: 'add-tag', tag: 'new', profiles: ['org-000', 'gone'] });
    expect(gone.status).toBe(404);
    expect((await select(web, { action: 'add-tag', tag: '<b>', profiles })).text).toContain(
      'not a valid tag',
    );
    expect((await select(web, { action: 'add-tag', tag: '', profiles })).status).toBe(400);
    expect((await select(web, { action: 'set-contact', contact: 'x', profiles })).status).toBe(400);
    expect((await select(web, { action: 'add-tag', tag: 'x' })).text).toContain(
      'No organization is selected.',
    );
    expect((await select(web, { action: 'constructor', profiles })).status).toBe(400);
    expect(await tagsOf(web)).toEqual(before);
  });

  it.each([
    ['set-contact', {}, 'Remove the contact of 3 organizations', '2 of them have a contact'],
    [
      'set-contact',
      { contact: '003@customer.example' },
      'Set the contact 003@customer.example for 3 organizations',
      '1 of them has another contact',
    ],
    ['remove-tag', { tag: 'EVEN' }, 'Remove the tag even from 3 organizations', '2 of them have this tag'],
  ])('loses a tag or contact only once this is confirmed: %s %o', async (action, entered, label, loss) => {
    const web = await partner(3);
    const person = await web.person();
    const [, , last] = await web.vault.db.selectFrom('profile').select('id').orderBy('name').execute();
    await setTagsAndContact(web.vault.db, last?.id ?? '', { tags: ['even'], contact: null });
    const before = await tagsOf(web);
    const send = (fields: object) => person.post('/selection').type('form').send(fields);
    const profiles = ['org-000', 'org-001', 'org-002'];
    const query = 'sort=name';
    const page = (await send({ action, ...entered, profiles, query }).expect(200)).text;
    expect(page).toContain(`<h1>${label}?</h1>`);
    expect(page).toContain(`<p>${loss} now.</p>`);
    expect(page).toContain('<li>org-002</li>');
    expect(page).toContain('href="/?sort=name">Cancel');
    expect(await tagsOf(web)).toEqual(before);
    const kept = Object.fromEntries(
      [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
        name,
        value,
      ]),
    );
    await send(kept).expect(303).expect('Location', '/?sort=name');
    expect(await tagsOf(web)).not.toEqual(before);
    // Now nothing is left that could be lost.
    await send({ action, ...entered, profiles, query }).expect(303);
  });

  it('can be all that the filter finds, on every page, once their number is confirmed', async () => {
    const web = await partner(7);
    const person = await web.person();
    const send = (fields: Record<string, string>) => person.post('/selection').type('form').send(fields);
    const asked = { action: 'add-tag', tag: 'vip', all: 'matching', query: 'tag=even&sort=name&page=2' };
    const page = (await send(asked).expect(200)).text;
    expect(page).toContain('<h1>Add the tag vip to 4 organizations?</h1>');
    expect(page).toContain('have the tag “even”');
    expect(page).toContain('<li>org-000</li>');
    const kept = Object.fromEntries(
      [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(
        ([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')],
      ),
    );
    expect(kept).toMatchObject({ all: 'matching', confirmed: '4', tag: 'vip' });
    // Another one matches in the meantime, so the page asks again, with the new number.
    const [odd] = await web.vault.db
      .selectFrom('profile')
      .select('id')
      .where('name', '=', 'org-001')
      .execute();
    await setTagsAndContact(web.vault.db, odd?.id ?? '', { tags: ['even'] });
    expect((await send(kept).expect(200)).text).toMatch(/The number has changed[\s\S]*5 organizations/);
    expect((await tagsOf(web)).flat(2)).not.toContain('vip');
    const done = await send({ ...kept, confirmed: '5' }).expect(303);
    expect(done.headers.location).toBe('/?tag=even&sort=name&page=2');
    expect((await tagsOf(web)).filter(([tags]) => (tags as string[]).includes('vip'))).toHaveLength(5);
    // The input is checked before the page asks.
    await send({ ...asked, tag: '<b>' }).expect(400);
    await send({ ...asked, query: 'search=absent' }).expect(400);
    const renewal = (await send({ action: 'renew', all: 'matching', query: '' }).expect(200)).text;
    expect(renewal).toContain('<h1>Renew the tokens of 7 organizations?</h1>');
    await send({ action: 'renew', all: 'matching', query: '', confirmed: '7' })
      .expect(303)
      .expect('Location', '/renewals');
  });

  it('is exported without tokens', async () => {
    const web = await partner(3);
    await importToken(web.vault, { profile: 'org-001' }, justCaptured('fake-token-of-org-001'), actor);
    const { text } = await select(web, { action: 'export', profiles: ['org-002', 'org-001'] });
    expect(text.split('\r\n').map((line) => line.split(',')[0])).toEqual([
      'profile',
      'org-001',
      'org-002',
      '',
    ]);
    expect(text).not.toContain('fake-token');
  });

  it('is renewed, with those that have no token or a valid one', async () => {
    const web = await partner(3);
    const tokenId = await importToken(web.vault, { profile: 'org-001' }, justCaptured('fake-token-1'), actor);
    await verifyToken(web.vault, tokenId, actor);
    const profiles = ['org-000', 'org-001'];
    const started = await select(web, { action: 'renew', profiles });
    expect(started.headers.location).toBe('/renewals');
    const person = await web.person();
    const { text } = await person.get('/renewals').expect(200);
    expect(text).toContain('Next: <a href="/profiles/org-001">');
    expect(text).toContain('no expiry date');
    expect(text).not.toContain('org-002');
    expect((await select(web, { action: 'renew', profiles })).status).toBe(409);
    const newer = await importToken(web.vault, { profile: 'org-001' }, justCaptured('fake-token-2'), actor);
    await verifyToken(web.vault, newer, actor);
    expect((await person.get('/renewals').expect(200)).text).toContain('Next: <a href="/profiles/org-000">');
  });

  it('is tested, some at a time, with the failed ones first', async () => {
    const web = await partner(6);
    const person = await web.person();
    await person
      .post('/selection')
      .type('form')
      .send({ action: 'test', profiles: ['org-000', 'org-001', 'org-002', 'org-003', 'org-004', 'gone'] })
      .expect(303)
      .expect('Location', '/tests');
    await web.idle();
    const { text } = await person.get('/tests').expect(200);
    expect(text).toContain('5 tests failed');
    expect(text).toContain('href="/profiles/org-004/test">Details');
    expect((await person.get('/tests/progress').expect(200)).body).toEqual({ next: '/tests' });
    expect((await (await web.person()).get('/tests').expect(200)).text).toContain('Select organizations');
  });
});
