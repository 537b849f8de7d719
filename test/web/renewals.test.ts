import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { setTagsAndContact } from '../../src/store/profiles/profiles.ts';
import { updateToken } from '../../src/store/profiles/tokens.ts';
import { activeCampaign, nextProfile } from '../../src/vault/profiles/renewal-campaign.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { actor, auditLog, justCaptured, today } from '../support/vault/test-vault.ts';
import { type Served, served } from '../support/web/web-client.ts';

/** Stores a token that was captured so many days ago and is valid for a year, and returns the path of its page. */
async function take(web: Served, profile: string, daysAgo = 0, filing = {}): Promise<string> {
  web.vault.setNow(today - daysAgo * dayMs);
  const text = justCaptured(`fake-token-of-${profile}-${daysAgo}`);
  const tokenId = await importToken(web.vault, { profile }, text, actor);
  const { profile: made } = await verifyToken(web.vault, tokenId, actor);
  await setTagsAndContact(web.vault.db, made.id, filing);
  web.vault.setNow(today);
  return `/tokens/${tokenId}`;
}

async function partner(): Promise<Served> {
  const web = await served();
  await take(web, 'fine', 10);
  await take(web, 'soon', 350, { tags: ['emea'], contact: 'grace@customer.example' });
  await take(web, 'over', 380, { tags: ['emea'] });
  await take(web, 'sooner', 355, { tags: ['apac'], contact: 'it@other.example' });
  return web;
}

/** The profiles in the tables of the page, in order. */
const listed = (html: string) =>
  [...html.matchAll(/<td><a href="\/profiles\/([^"]+)"/g)].map(([, name]) => name);

describe('the pages of a renewal', () => {
  it('preview the profiles of a renewal by days, tag and contact', async () => {
    const web = await partner();
    const person = await web.person();
    const page = async (query = '') => (await person.get(`/renewals${query}`).expect(200)).text;
    expect(await page()).toContain('3 tokens to renew');
    expect(listed(await page())).toEqual(['over', 'sooner', 'soon']);
    expect(listed(await page('?within=10'))).toEqual(['over', 'sooner']);
    expect(listed(await page('?within=31&tag=EMEA'))).toEqual(['over', 'soon']);
    expect(listed(await page('?within=31&contact=it@other.example'))).toEqual(['sooner']);
    expect(await page('?within=5&tag=apac')).toContain('no matching token expires within 5 days');
    expect(await page()).toContain('<option value="apac"></option><option value="emea"></option>');

    const [token] = await web.vault.db
      .selectFrom('token')
      .innerJoin('profile', 'profile.id', 'token.profile_id')
      .select('token.id')
      .where('profile.name', '=', 'fine')
      .execute();
    await updateToken(web.vault.db, token?.id ?? '', { rejectedAt: today });
    expect(listed(await page())).toEqual(['fine', 'over', 'sooner', 'soon']);
    expect(await page()).toContain('rejected by Webex');

    const wrong = await person.get('/renewals?within=many&tag=%3Cb%3E&contact=nobody').expect(422);
    for (const words of [
      'Enter a whole number of days.',
      'is not a valid tag',
      'is not a valid mail address',
    ]) {
      expect(wrong.text).toContain(words);
    }
    expect(wrong.text).not.toContain('<b>');
    await person.post('/renewals').type('form').send({ within: 'many' }).expect(422);
  });

  it('start a renewal, renew or skip each profile, continue elsewhere and finish it', async () => {
    const web = await partner();
    const person = await web.person();
    const page = async (path = '/renewals') => (await person.get(path).expect(200)).text;
    const next = (html: string) => /Next: <a href="\/profiles\/([^"]+)"/.exec(html)?.[1];
    await person
      .post('/renewals')
      .type('form')
      .send({ within: '31' })
      .expect(303)
      .expect('Location', '/renewals');
    expect(await page()).toContain('0 of 3 done');
    expect(next(await page())).toBe('over');
    expect(await page()).toContain('action="/profiles/over/sign-in"');
    await person.post('/renewals').type('form').send({ within: '31' }).expect(409);

    // The page of the captured token links to the next profile.
    const captured = await page(await take(web, 'over'));
    expect(captured).toContain('1 of 3 done');
    expect(captured).toMatch(/action="\/profiles\/sooner\/sign-in"[\s\S]*Next: sooner/);
    // The page of a profile outside the renewal does not.
    expect(await page(await take(web, 'fine'))).not.toContain('of 3 done');

    await person.post('/renewals/skip').type('form').send({ profile: 'sooner' }).expect(303);
    const skipped = await page();
    expect(skipped).toContain('Skipped “sooner”.');
    expect(skipped).toMatch(/2 of 3 done.*1 skipped/);
    expect(next(skipped)).toBe('soon');
    await person.post('/renewals/skip').type('form').send({ profile: 'sooner' }).expect(409);

    // After a restart, in another window and on the command line, the renewal is the same.
    const again = await served(undefined, { vault: web.vault });
    expect(next((await (await again.person()).get('/renewals').expect(200)).text)).toBe('soon');
    expect((await nextProfile(web.vault, await activeCampaign(web.vault)))?.profile).toBe('soon');

    expect(await page(await take(web, 'soon'))).toContain('That was the last one.');
    const done = await page();
    expect(done).toContain('All done:</strong> 2 renewed, 1 skipped.');
    expect(listed(done)).toEqual(['over', 'sooner', 'soon']);
    await person.post('/renewals/end').type('form').expect(303);
    expect(await page()).toContain('Renewals finished.');
    expect(await auditLog(web.vault)).toEqual(
      expect.arrayContaining(['renewal-start ok -', 'renewal-skip ok sooner', 'renewal-end ok -']),
    );
    await person.post('/renewals/end').type('form').expect(409);
  });

  it('require an authenticated session', async () => {
    const web = await partner();
    const visitor = web.visitor().set('Origin', 'http://localhost:3000');
    await visitor.get('/renewals').expect(403);
    for (const path of ['/renewals', '/renewals/skip', '/renewals/end']) {
      await visitor.post(path).type('form').send({ within: '31', profile: 'over' }).expect(403);
    }
    expect(await auditLog(web.vault)).not.toContain('renewal-start ok -');
  });
});
