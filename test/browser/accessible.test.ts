import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importToken } from '../../src/vault/import-token.ts';
import { readToken } from '../../src/vault/read-token.ts';
import { settleToken } from '../../src/vault/settle.ts';
import { actor } from '../vault/vaults.ts';
import { launchBrowser } from './browser.ts';
import { beginAt, type Stage, stage } from './stage.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser.close());

/** Profiles in every status; the pages of their tokens. */
async function furnish({ vault, simulator }: Stage): Promise<string[]> {
  const store = async (profile: string, account: string, query = '') => {
    const { accessToken } = simulator.issueToken(account);
    const text = `#access_token=${accessToken}&token_type=Bearer${query}`;
    const tokenId = await importToken(vault, { profile }, text, actor);
    await settleToken(vault, tokenId, actor);
    return `/captures/${tokenId}`;
  };
  const good = await store('acme', 'full-admin', '&expires_in=3887999');
  await store('acme', 'full-admin', '&expires_in=3887999');
  const foreign = await store('acme', 'other-organization');
  const lesser = await store('a-name-that-is-as-long-as-the-names-of-organizations-can-be-63', 'ordinary');
  simulator.faults.add({ path: '/v1/people/me', answer: 503, times: 1 });
  const unverified = await store('umbrella', 'full-admin', '&expires_in=0');
  simulator.revoke('device-admin');
  const { accessToken } = simulator.issueToken('device-admin');
  simulator.revoke('device-admin');
  const rejectedId = await importToken(vault, { profile: 'initech' }, accessToken, actor);
  await settleToken(vault, rejectedId, actor);
  const unknown = await importToken(vault, { profile: 'hooli' }, 'fake-token-for-hooli', actor);
  return [good, foreign, lesser, unverified, `/captures/${rejectedId}`, `/captures/${unknown}`];
}

const paths = [
  '/',
  '/?search=nothing',
  '/sign-in',
  '/import',
  '/profiles/acme',
  '/profiles/initech',
  '/profiles/a-name-that-is-as-long-as-the-names-of-organizations-can-be-63',
  '/profiles/acme/remove',
  '/nothing',
  '/auth/code?error=access_denied',
  '/auth/code#access_token=x&token_type=Bearer&state=x',
  '/auth/code',
];

/** Every rule of axe in light, the colours once more in dark, and no sideways scrolling on a phone and on a desk. */
async function inspect(page: Page, what: string): Promise<void> {
  const findings = async (builder: AxeBuilder) =>
    // There are no frames here, which are all that the slower mode is for.
    (await builder.setLegacyMode(true).analyze()).violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
    );
  expect(await findings(new AxeBuilder({ page })), `${what}, light`).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await findings(new AxeBuilder({ page }).withRules('color-contrast')), `${what}, dark`).toEqual([]);
  await page.emulateMedia({ colorScheme: 'light' });
  for (const viewport of [desk, phone]) {
    await page.setViewportSize(viewport);
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(tooWide, `${what} scrolls sideways at ${viewport.width} pixels`).toBeLessThanOrEqual(0);
  }
}

const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 800 };

test('axe finds nothing on any page, in light and dark, and nothing scrolls sideways', {
  timeout: 240_000,
}, async () => {
  const options = { viewport: phone, colorScheme: 'light' as const };
  const set = await stage(browser, { demonstration: true });
  const page = await set.person(options);
  await inspect(page, 'the first page');
  const captures = await furnish(set);
  for (const path of [...paths, ...captures]) {
    await page.goto('about:blank');
    await page.goto(set.origin + path);
    if (path.startsWith('/auth/code')) await page.locator('section:not([hidden]) h1:focus').waitFor();
    await inspect(page, path);
  }

  await page.goto(`${set.origin}/sign-in`);
  await page.getByText('More options').click();
  await page.getByLabel('Organization ID').fill('OrgId');
  await page.getByRole('button', { name: 'Sign in at Webex' }).click();
  await inspect(page, 'the form with errors');
  await page.goto(`${set.origin}/sign-in`);
  await page.getByLabel('What do you call the organization?').fill('new');
  await page.getByRole('button', { name: 'In a private window instead' }).click();
  await inspect(page, 'the link for a private window');
  await page.goto(`${set.origin}/import`);
  await page.getByRole('button', { name: 'Store the token' }).click();
  await inspect(page, 'the paste box with errors');

  const stranger = await set.window(options);
  await stranger.goto(set.origin);
  await inspect(stranger, 'the page for strangers');
});

test('by keyboard alone, from the first page to the stored token', async () => {
  const set = await stage(browser);
  const page = await set.person();
  const focused = () =>
    page.evaluate(() => (document.activeElement as HTMLElement).innerText || document.activeElement?.id);
  // The first field has the focus: type, and press Enter.
  await page.locator('#name:focus').waitFor();
  await page.keyboard.type('Acme');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/idb\//);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/captures\//);
  expect((await readToken(set.vault, 'acme', actor)).profile.name).toBe('acme');

  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  expect(await focused()).toContain('The token is stored');
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.querySelector('main')?.contains(document.activeElement))).toBe(
    true,
  );
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
  expect(outline).toBe('solid');
});

test('on paper there are no buttons, and nothing is lost', async () => {
  const set = await stage(browser);
  const page = await set.person();
  await beginAt(page, set, 'acme');
  await page.locator('button[value=full-admin]').click();
  await page.waitForURL(/\/captures\//);
  await page.emulateMedia({ media: 'print' });
  expect(await page.getByRole('button').count()).toBe(0);
  expect(await page.getByRole('navigation').count()).toBe(0);
  expect(await page.locator('main').innerText()).toContain('ada.nakamura@acme.example');
});

test('where less motion is wanted, nothing turns', async () => {
  const set = await stage(browser);
  const page = await set.person({ reducedMotion: 'reduce' });
  await page.goto(`${set.origin}/auth/code`);
  const animation = await page.evaluate(() => {
    const spinner = document.querySelector('.spinner');
    return spinner === null ? null : getComputedStyle(spinner).animationName;
  });
  expect(animation).toBe('none');
});
