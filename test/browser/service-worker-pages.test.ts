import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createAccessLink } from '../../src/vault/sign-in/access-links.ts';
import { faultsOf, phone } from '../support/browser/axe.ts';
import { askFor, browserSession } from '../support/browser/browser-session.ts';
import { leaveWorker } from '../support/browser/other-project.ts';
import { sharedBrowser } from '../support/browser/shared-browser.ts';
import { stepHangsMs } from '../support/hang-limits.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await sharedBrowser();
});

afterAll(() => browser.close());

describe('the pages about a service worker', () => {
  it('are accessible, and report a worker that does not go away', async () => {
    const context = await browser.newContext({ viewport: phone, colorScheme: 'light' });
    context.setDefaultTimeout(stepHangsMs);
    onTestFinished(() => context.close());
    const { port } = await leaveWorker(context, 'only watches');
    const set = await browserSession(browser, { port });
    const page = await context.newPage();
    const heading = (name: string) => page.getByRole('heading', { name, level: 1, exact: true });
    const faults: string[] = [];
    const inspect = async (name: string) => {
      await heading(name).waitFor();
      expect(await page.title()).toContain(name);
      expect(await heading(name).evaluate((h1) => h1 === document.activeElement)).toBe(true);
      faults.push(...(await faultsOf(page, name)));
    };

    const link = `/access/${await createAccessLink(set.vault)}`;
    await page.goto(set.sideOrigin + link);
    await inspect('Another app may be intercepting this page');
    await page.goto(set.origin + link);
    await askFor(page, set, 'acme');
    await inspect('Another app may be intercepting this page');

    const remove = page.getByRole('button', { name: 'Remove and continue' });
    await page.route('**/clear-site-data/*', (route) => route.abort());
    await remove.click();
    await inspect('The data was not removed');
    await page.route('**/clear-site-data/*', (route) =>
      route.fulfill({ status: 204, headers: allowing(set.sideOrigin) }),
    );
    await remove.click();
    await inspect('The service worker is still there');
    expect(await page.locator('main').innerText()).toContain(`${set.origin}/sw.js`);
    await page.unroute('**/clear-site-data/*');
    await remove.click();
    await page.waitForURL(/\/idb\//);
    expect(faults).toEqual([]);
  });
});

function allowing(origin: string): Record<string, string> {
  return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' };
}
