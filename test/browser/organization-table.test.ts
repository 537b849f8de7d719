import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertProfiles } from '../../src/store/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { faultsOf } from '../support/browser/axe.ts';
import { type BrowserSession, browserSession, follow } from '../support/browser/browser-session.ts';
import { sharedBrowser } from '../support/browser/shared-browser.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';
import { actor, justCaptured } from '../support/vault/test-vault.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await sharedBrowser();
});

afterAll(() => browser.close());

/** The longest name that is allowed, and the last one in the table. */
const longName = 'z-name-that-is-as-long-as-the-names-of-organizations-can-be-63';

async function partner(): Promise<BrowserSession> {
  const set = await browserSession(browser);
  await insertProfiles(
    set.vault.db,
    Array.from({ length: 205 }, (_, number) =>
      fakeProfile({
        name: number === 0 ? longName : `customer-${String(number).padStart(3, '0')}`,
        orgId: crypto.randomUUID(),
        contact: `the-administrator-${number}@customer-${number}.example`,
        tags: number % 3 === 0 ? ['emea', 'gold'] : ['apac'],
      }),
    ),
  );
  // Organizations with a token that Webex accepts.
  for (let number = 1; number <= 9; number += 1) {
    const { accessToken } = set.simulator.issueToken('full-admin');
    const text = justCaptured(accessToken);
    const tokenId = await importToken(set.vault, { profile: `tenant-${number}` }, text, actor);
    await verifyToken(set.vault, tokenId, actor);
  }
  return set;
}

describe('the table of organizations', () => {
  it('works for a partner without script, in light and dark, on a phone and a desktop', async () => {
    const set = await partner();
    const page = await set.person({ javaScriptEnabled: false });
    await page.goto(`${set.origin}/`);
    await follow(page.getByRole('link', { name: 'Table' }));
    expect(await page.locator('tbody tr').count()).toBe(100);
    await follow(page.getByRole('link', { name: 'Contact' }));
    await follow(page.getByRole('link', { name: 'Page 3' }));
    expect(await page.locator('tbody tr').count()).toBe(14);
    await page.getByText('Columns', { exact: true }).first().click();
    await page.getByLabel('Organization', { exact: true }).check();
    await follow(page.getByRole('button', { name: 'Show these columns' }));
    expect(await page.locator('thead th').allInnerTexts()).toContain('Organization');
    await page.goto(`${set.origin}/`);
    expect(await page.locator('thead th').allInnerTexts()).toContain('Organization');

    const first = page.locator('tbody tr').first();
    await first.getByRole('checkbox').check();
    await page.getByLabel('Tag', { exact: true }).fill('vip');
    await page.keyboard.press('Enter');
    await follow(page.getByRole('button', { name: 'Add tag' }));
    expect(await page.getByText('Changed 1 organization.').count()).toBe(1);
    await follow(page.getByRole('link', { name: 'vip' }));
    expect(await page.locator('tbody tr').count()).toBe(1);
    await page.goto(`${set.origin}/`);
    await page.getByLabel('Select all 100 on this page').check();
    await follow(page.getByRole('button', { name: 'Renew' }));
    expect(page.url()).toBe(`${set.origin}/renewals`);

    const scripted = await set.person();
    // The last page has all kinds of rows. More rows take much longer to inspect, and show nothing else.
    await scripted.goto(
      `${set.origin}/?view=table&page=3&columns=organization&columns=status&columns=days&columns=tags`,
    );
    expect(await faultsOf(scripted, 'the table', { long: true })).toEqual([]);
  });

  it('starts with a CSV file that is previewed row by row, without script', async () => {
    const set = await browserSession(browser);
    const page = await set.person({ javaScriptEnabled: false });
    await page.goto(`${set.origin}/import`);
    await follow(page.getByRole('link', { name: 'import a CSV file' }));
    const buffer = Buffer.from(
      `profile,contact\n${longName},it@customer.example\ninitech,no address\nglobex,`,
    );
    await page.getByLabel('CSV file').setInputFiles({ name: 'customers.csv', mimeType: 'text/csv', buffer });
    await follow(page.getByRole('button', { name: 'Show preview' }));
    expect(await page.locator('tbody tr').count()).toBe(3);
    await page.getByLabel('Skip the invalid row').check();
    await follow(page.getByRole('button', { name: 'Import 2 organizations' }));
    expect(await page.getByText('2 organizations created').count()).toBe(1);

    const checked = await set.person();
    await checked.goto(`${set.origin}/import/csv`);
    expect(await faultsOf(checked, 'the form')).toEqual([]);
    await checked
      .getByLabel('CSV file')
      .setInputFiles({ name: 'customers.csv', mimeType: 'text/csv', buffer });
    await checked.getByRole('button', { name: 'Show preview' }).click();
    await checked.getByRole('heading', { name: 'Import preview' }).waitFor();
    expect(await faultsOf(checked, 'the preview')).toEqual([]);
  });
});
