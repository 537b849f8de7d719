import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signInById } from '../../src/store/access/sign-ins.ts';
import { documentedState } from '../../src/webex/documented-values.ts';
import {
  askFor,
  type BrowserSession,
  beginAt,
  browserSession,
  follow,
  signInAs,
} from '../support/browser/browser-session.ts';
import { sharedBrowser } from '../support/browser/shared-browser.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await sharedBrowser();
});

afterAll(() => browser.close());

async function storedTokens({ vault }: BrowserSession): Promise<number> {
  return (await vault.db.selectFrom('token').select('id').execute()).length;
}

/** The sign-in URL that the browser shows. */
function stateAt(page: Page): string {
  return new URL(page.url()).searchParams.get('state') ?? '';
}

async function answer(page: Page, { origin }: BrowserSession, text: string): Promise<string> {
  // From another page, like the redirect of Webex: a new fragment alone would not load the page.
  await page.goto('about:blank');
  await page.goto(`${origin}/auth/code${text}`);
  await page.locator('section:not([hidden]) h1:focus').waitFor();
  expect(new URL(page.url()).hash + new URL(page.url()).search).toBe('');
  return (await page.locator('main').innerText()).replace(/\s+/g, ' ');
}

describe('the capture page', () => {
  it('stores nothing and ends no sign-in for a wrong, missing, documented or foreign state', async () => {
    const set = await browserSession(browser);
    const page = await set.person();
    await beginAt(page, set, 'acme');
    const state = stateAt(page);
    const { accessToken } = set.simulator.issueToken('full-admin');
    const good = `#access_token=${accessToken}&token_type=Bearer&expires_in=3887999`;

    expect(await answer(page, set, good)).toContain('so it cannot be matched to a sign-in');
    expect(await answer(page, set, `${good}&state=wrong`)).toContain('Unknown sign-in: the');
    expect(await answer(page, set, `${good}&state=${documentedState}`)).toContain('the same for everyone');
    expect(await answer(page, set, `${good}&state=${state}&state=x`)).toContain('twice');
    const iss = encodeURIComponent(set.simulator.endpoints.government.idbroker);
    expect(await answer(page, set, `${good}&state=${state}&iss=${iss}`)).toContain(
      'the ID broker of the other Webex deployment',
    );
    expect(await answer(page, set, `?${good.slice(1)}&state=${state}`)).toContain('in the query');
    expect(await page.getByRole('link', { name: 'Start over' }).getAttribute('href')).toBe('/sign-in');

    const stranger = await set.window();
    expect(await answer(stranger, set, `${good}&state=${state}`)).toContain(
      'started in another browser session',
    );
    expect(await stranger.getByRole('link', { name: 'Start over' }).count()).toBe(0);
    expect(await storedTokens(set)).toBe(0);
    expect(`${set.traces.join('\n').replaceAll(`?${good.slice(1)}`, '')}${set.consoles}`).not.toContain(
      accessToken,
    );

    // The sign-in that the person started is still valid.
    await page.goto('about:blank');
    await page.goto(`${set.origin}/auth/code${good}&state=${state}`);
    await page.waitForURL(/\/tokens\//);
    expect(await storedTokens(set)).toBe(1);
    expect(await answer(page, set, `${good}&state=${state}`)).toContain('is already stored');
    await page.getByRole('link', { name: 'Show the captured token' }).click();
    await page.waitForURL(/\/tokens\//);
    expect(await storedTokens(set)).toBe(1);
  });

  it.each(['query', 'fragment'] as const)(
    'reports a declined sign-in and ends it, with the error in the %s',
    async (errorsIn) => {
      const set = await browserSession(browser);
      set.simulator.settings.errorsIn = errorsIn;
      const page = await set.person();
      await beginAt(page, set, 'acme');
      await page.getByRole('button', { name: 'Do not allow this' }).click();
      await page.locator('section:not([hidden]) h1:focus').waitFor();
      expect(await page.locator('main').innerText()).toContain('The sign-in was declined');
      expect(page.url()).toBe(`${set.origin}/auth/code`);
      const { id } = await set.vault.db.selectFrom('sign_in').select('id').executeTakeFirstOrThrow();
      expect((await signInById(set.vault.db, id))?.error?.code).toBe('access_denied');
      await follow(page.getByRole('link', { name: 'Start over' }));
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Add organization');
    },
  );

  it('links to the token if it is reloaded without a fragment', async () => {
    const set = await browserSession(browser);
    const page = await set.person();
    await beginAt(page, set, 'acme');
    await signInAs(page, 'full-admin');
    const captured = page.url();
    expect(await answer(page, set, '')).toContain('No token in this address');
    await page.getByRole('link', { name: 'Show the last captured token' }).click();
    await page.waitForURL(captured);
  });

  it('keeps the token and tries again while the program cannot be reached', async () => {
    const set = await browserSession(browser);
    const page = await set.person();
    await beginAt(page, set, 'acme');
    let reachable = false;
    await page.route('**/auth/code', (route) =>
      route.request().method() === 'POST' && !reachable ? route.abort('connectionrefused') : route.continue(),
    );
    await page.locator('button[value=full-admin]').click();
    await page.getByRole('heading', { name: 'The server does not respond' }).waitFor();
    expect(page.url()).toBe(`${set.origin}/auth/code`);
    expect(await page.content()).not.toContain('SIMULATED-WEBEX-TOKEN');

    const asked = new Promise<string>((resolve) => {
      page.once('dialog', (dialog) => {
        resolve(dialog.type());
        void dialog.dismiss();
      });
    });
    await page.evaluate(() => location.assign('/import'));
    expect(await asked).toBe('beforeunload');

    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'The server does not respond' }).waitFor();
    reachable = true;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForURL(/\/tokens\//);
    expect(await storedTokens(set)).toBe(1);
  });

  it('keeps the token after an internal error', async () => {
    const set = await browserSession(browser);
    const page = await set.person();
    await beginAt(page, set, 'acme');
    const { seal } = set.vault.keys;
    set.vault.keys.seal = () => Promise.reject(new Error('the disk is full'));
    await page.locator('button[value=full-admin]').click();
    await page.getByRole('heading', { name: 'The token could not be stored' }).waitFor();
    expect(await storedTokens(set)).toBe(0);
    set.vault.keys.seal = seal;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForURL(/\/tokens\//);
    expect(await storedTokens(set)).toBe(1);
  });

  it('says how to continue without JavaScript, with which everything else works', async () => {
    const set = await browserSession(browser);
    const page = await set.person({ javaScriptEnabled: false });
    const begin = async (name: string) => {
      await askFor(page, set, name);
      const continueUrl = page.getByRole('link', { name: 'Continue' });
      await continueUrl.waitFor();
      await page.waitForLoadState();
      expect(await page.locator('main').innerText()).toContain(
        'Without JavaScript, this app cannot save the token',
      );
      await continueUrl.click();
    };
    await begin('acme');
    await page.locator('button[value=full-admin]').click();
    await page.getByRole('heading', { name: 'This page needs JavaScript' }).waitFor();
    const address = page.url();
    expect(address).toContain('#access_token=');

    await page.goto(`${set.origin}/import`);
    await page.getByLabel('Organization name').fill('acme');
    await page.getByLabel('Address of the error page').fill(address);
    await page.getByRole('button', { name: 'Import token' }).click();
    await page.waitForURL(/\/tokens\//);
    expect(await page.locator('main').innerText()).toContain('Ada Nakamura');
    await page.getByRole('link', { name: 'Overview' }).first().click();
    await page.getByRole('link', { name: 'acme' }).first().click();
    await page.getByRole('link', { name: 'Remove this organization…' }).click();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('and its tokens from this computer').waitFor();

    // Webex remembers who is signed in, and would not ask again.
    await page.context().clearCookies({ domain: '127.0.0.1' });
    await begin('globex');
    await page.getByRole('button', { name: 'Do not allow this' }).click();
    await page.getByText('The sign-in was declined').waitFor();
  });
});
