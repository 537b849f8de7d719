import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { appendAudit, appendAudits } from '../../src/store/audit/audit.ts';
import { today } from '../support/vault/test-vault.ts';
import { served } from '../support/web/web-client.ts';

/** A time as a date of the local time zone: `2027-03-01`. */
const day = (time: number) => new Intl.DateTimeFormat('sv-SE').format(time);

const rows = (html: string) => html.split('<tbody>')[1]?.split('</tr>').length ?? 1;

async function openSeededApp() {
  const web = await served();
  const { db } = web.vault;
  const hour = 3_600_000;
  await appendAudit(db, today - 48 * hour, {
    action: 'capture',
    outcome: 'ok',
    profile: 'acme',
    address: '127.0.0.1',
  });
  await appendAudit(db, today - 24 * hour, {
    action: 'read',
    outcome: 'ok',
    profile: 'acme',
    client: 'ci-deploy',
    address: '10.0.0.9',
  });
  await appendAudit(db, today, {
    action: 'read',
    outcome: 'invalid_client',
    client: '<b>',
    address: '10.0.0.9',
  });
  return { ...web, browser: await web.person() };
}

describe('the page of the audit log', () => {
  it('lists events with labels, newest first, and verifies the hash chain', async () => {
    const { browser } = await openSeededApp();
    const { text } = await browser.get('/audit-log').expect(200);
    expect(text).toContain('Log integrity verified');
    expect(text.split('<tbody>')[1]).toMatch(/Wrong credentials.*Sign-in/s);
    expect(text).toContain('&lt;b&gt;');
    expect(text).toContain('10.0.0.9');
    expect(rows(text) - 1).toBe(3);
  });

  it.each([
    ['profile=acme', 2],
    ['client=ci-deploy', 1],
    ['action=read', 2],
    ['outcome=ok', 2],
    ['outcome=failed', 1],
    ['outcome=invalid_client', 1],
    ['outcome=canceled', 0],
    ['action=read&outcome=ok', 1],
    // Days of the local time zone.
    [`since=${day(today)}`, 1],
    [`until=${day(today - 2 * dayMs)}`, 1],
    ['profile=nobody', 0],
  ])('filters by %s', async (query, count) => {
    const { browser } = await openSeededApp();
    const { text } = await browser.get(`/audit-log?${query}`).expect(200);
    expect(rows(text) - 1).toBe(count);
    expect(text).toContain(count === 0 ? 'No matching entries.' : 'Clear filters');
  });

  it('shows pages of a hundred rows and keeps the filter', async () => {
    const { browser, vault } = await openSeededApp();
    const entries = Array.from({ length: 205 }, (_, index) => ({
      action: 'check',
      outcome: `n${index}`,
      profile: 'globex',
    }));
    await appendAudits(vault.db, today, entries);
    const first = await browser.get('/audit-log?profile=globex').expect(200);
    expect(rows(first.text) - 1).toBe(100);
    const older =
      /href="(\/audit-log\?[^"]+)" rel="next"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const second = await browser.get(older).expect(200);
    expect(second.text).toMatch(/\bn104\b/);
    expect(second.text).not.toMatch(/\bn105\b/);
    expect(second.text).toContain('href="/audit-log?profile=globex"');
  });

  it('reports a row that was modified outside the program', async () => {
    const { browser, vault } = await openSeededApp();
    await vault.db.updateTable('audit').set({ profile: 'globex' }).where('seq', '=', 2).execute();
    expect((await browser.get('/audit-log').expect(200)).text).toContain(
      'Log integrity check failed at entry 2:',
    );
  });

  it('requires an authenticated session', async () => {
    const { visitor } = await openSeededApp();
    await visitor().get('/audit-log').expect(403);
  });
});
