import { describe, expect, it } from 'vitest';
import { insertProfiles, setDisplayName, setTagsAndContact } from '../../src/store/profiles/profiles.ts';
import { parseProfileRow } from '../../src/vault/profiles/csv-row.ts';
import { parseProfileCsv } from '../../src/vault/profiles/profile-csv.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';
import { today } from '../support/vault/test-vault.ts';
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
      'profile,org_id,deployment,contact,tags\r\n' +
        "org-000,,commercial,'=sum@customer.example,a even\r\n" +
        'org-002,,commercial,002@customer.example,even\r\n',
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
