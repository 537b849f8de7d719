import { describe, expect, it } from 'vitest';
import { allTokens, today } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

describe('the import of a CSV file', () => {
  const token = usualToken({ filler: 'C' });
  const captured = new Date(today - 86_400_000).toISOString();
  const file = [
    'profile,org_id,deployment,contact,tags,access_token,captured_at',
    'acme,,,it@acme.example,emea gold,,',
    `globex,,,,,${token},${captured}`,
    'Not A Name,,,<b>,,,',
    'acme,,,,,,',
  ].join('\n');

  it('shows each row before it stores anything, then imports the valid ones, and never shows a token', async () => {
    const web = await served();
    const person = await web.person();
    const count = async () => (await web.vault.db.selectFrom('profile').select('name').execute()).length;
    const uploaded = await person.post('/import/csv').attach('file', Buffer.from(file), 'customers.csv');
    expect([uploaded.status, uploaded.headers.location]).toEqual([303, '/import/csv/preview']);
    const { text } = await person.get('/import/csv/preview').expect(200);
    expect(text).toContain('2 to create, 0 to update, 0 unchanged, 2 invalid. Nothing is stored yet.');
    expect(text).toContain('1 token is stored encrypted');
    expect(text).toContain('line 2 has the same profile');
    expect(text).toMatch(/is not a valid mail address/);
    expect(text).not.toContain(token);
    expect(text).not.toContain('<b>');
    expect(await count()).toBe(0);

    const refused = await person.post('/import/csv/preview').type('form').send({}).expect(303);
    expect(refused.headers.location).toBe('/import/csv/preview');
    expect(await count()).toBe(0);
    const done = await person
      .post('/import/csv/preview')
      .type('form')
      .send({ skipInvalid: 'yes' })
      .expect(303);
    expect(done.headers.location).toBe('/?view=table');
    expect(await count()).toBe(2);
    expect(await allTokens(web.vault, 'globex')).toHaveLength(1);
    const overview = (await person.get('/?view=table').expect(200)).text;
    expect(overview).toContain('2 organizations created, 0 updated. The file contains unencrypted tokens');
    expect(overview).toContain('it@acme.example');
    await person.get('/import/csv/preview').expect(303).expect('Location', '/import/csv');
    expect(web.logged()).not.toContain(token);
  });

  it('shows large numbers as the overview does, with a comma', async () => {
    const person = await (await served()).person();
    const rows = Array.from({ length: 1_234 }, (_, at) => `customer-${at}`);
    const text = `profile\n${rows.join('\n')}\n`;
    await person.post('/import/csv').attach('file', Buffer.from(text), 'x.csv').expect(303);
    const preview = (await person.get('/import/csv/preview').expect(200)).text;
    expect(preview).toContain('1,234 to create, 0 to update');
    expect(preview).toContain('Import 1,234 organizations');
    expect(preview).toContain('and 1,034 more.');
    await person.post('/import/csv/preview').type('form').expect(303);
    const overview = (await person.get('/?view=table').expect(200)).text;
    expect(overview).toContain('1,234 organizations created, 0 updated.');
    expect(overview).toContain('1,234 waiting for the first sign-in');
    expect(overview).toContain('All <span class="count">1,234</span>');
    expect(overview).not.toContain('1234');
  });

  it('explains what is wrong with a file', async () => {
    const person = await (await served()).person();
    const upload = async (text: string) =>
      (await person.post('/import/csv').attach('file', Buffer.from(text), 'x.csv').expect(422)).text;
    expect(await upload('profile,customer\na,b')).toContain('Unknown column &#34;customer&#34;');
    expect(await upload('org_id\n1')).toContain('The column &#34;profile&#34; is missing');
    expect(await upload('')).toContain('Choose a CSV file.');
    expect((await person.post('/import/csv').type('form').send({ file: 'x' }).expect(422)).text).toContain(
      'Choose',
    );
  });

  it('forgets a file after fifteen minutes, and belongs to one browser', async () => {
    const web = await served();
    const person = await web.person();
    await person.post('/import/csv').attach('file', Buffer.from(file), 'customers.csv').expect(303);
    await (await web.person()).get('/import/csv/preview').expect(303).expect('Location', '/import/csv');
    web.vault.setNow(today + 15 * 60_000);
    const { text } = await person.post('/import/csv/preview').type('form').expect(422);
    expect(text).toContain('The server no longer has the file, so nothing was imported. Choose it again.');
    await person.get('/import/csv/preview').expect(303).expect('Location', '/import/csv');
    const other = web.visitor().set('Origin', 'https://evil.example');
    await other.post('/import/csv').attach('file', Buffer.from(file), 'customers.csv').expect(403);
  });
});
