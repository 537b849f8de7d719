import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beginAt, browserSession } from '../support/browser/browser-session.ts';
import { sharedBrowser } from '../support/browser/shared-browser.ts';
import { fill } from '../support/crash/full-store.ts';
import { allTokens } from '../support/vault/test-vault.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await sharedBrowser();
});

afterAll(() => browser.close());

describe('the capture page', () => {
  it('keeps the token on a full disk, says what to do, and stores it once there is room', async () => {
    const set = await browserSession(browser);
    const page = await set.person();
    await beginAt(page, set, 'acme');
    const { makeRoom } = await fill(set.vault);
    await page.locator('button[value=full-admin]').click();
    const heading = page.getByRole('heading', { name: 'The token could not be stored' });
    await heading.waitFor();
    const words = await page.locator('main').innerText();
    expect(words).toContain('There is no room left on the disk');
    expect(words).toContain('Free some space');
    expect(words).toContain('Keep this window open');
    await page.getByRole('button', { name: 'Try again' }).click();
    await heading.waitFor();
    expect(await allTokens(set.vault, 'acme')).toEqual([]);

    // The browser asks before the person leaves the page.
    const asked = new Promise<string>((resolve) => {
      page.once('dialog', (dialog) => {
        resolve(dialog.type());
        void dialog.dismiss();
      });
    });
    await page.evaluate(() => location.assign('/import'));
    expect(await asked).toBe('beforeunload');

    await makeRoom();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForURL(/\/tokens\//);
    expect(await allTokens(set.vault, 'acme')).toHaveLength(1);
  });
});
