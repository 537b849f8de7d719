import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { beginAt, browserSession, copy, follow, kept, signInAs } from '../support/browser/browser-session.ts';
import { launchBrowser } from '../support/browser/launch.ts';
import { actor, filesHolding } from '../support/vault/test-vault.ts';

let browser: Browser;

beforeAll(async () => {
  // Not the shared one: the pages of a browser have one clipboard.
  browser = await launchBrowser();
});

afterAll(() => browser.close());

describe('the web app', () => {
  it.each([
    ['commercial', 'Standard', 'Ada Nakamura'],
    ['government', 'Webex for Government', 'Hana Kowalska'],
  ])('stores a token, which is nowhere else, %s', async (deployment, title, name) => {
    const set = await browserSession(browser);
    const { origin, vault, traces, consoles, titles } = set;
    const page = await set.person();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Get your first Webex token');

    const arrivals: string[] = [];
    page.on('framenavigated', (frame) => arrivals.push(frame.url()));

    await page.getByLabel('Organization name').fill('Acme');
    await page.getByRole('radio', { name: title }).first().check();
    if (deployment === 'government') await page.getByRole('radio', { name: 'Webex for Government' }).check();
    await page.getByRole('button', { name: 'Sign in to Webex' }).click();
    await signInAs(page, 'full-admin');

    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain(
      'Token saved for Acme, signed in as ',
    );
    expect(await page.locator('main').innerText()).toContain(name);

    const { accessToken, profile } = await readToken(vault, 'acme', actor);
    expect(profile.deployment).toBe(deployment);
    // It was in the address bar, as the record of this test shows.
    expect(arrivals.join('\n')).toContain(accessToken);

    const entries = () =>
      page.evaluate(() => {
        const { navigation } = window as unknown as { navigation: { entries(): { url: string | null }[] } };
        return navigation.entries().map(({ url }) => url ?? '(hidden by its referrer policy)');
      });
    const seen: string[] = [];
    const look = async () => {
      seen.push(page.url(), await page.title());
      if (page.url().startsWith(origin)) seen.push(await page.content(), ...(await entries()));
    };
    await look();
    // Webex responds once more, with the state that was used.
    await page.goBack();
    await page.getByRole('heading', { name: 'Sign-in already completed' }).waitFor();
    await look();
    await page.goForward();
    await look();
    await page.goto(`${origin}/profiles/acme`);
    await look();

    const everything = [seen, traces, consoles, titles, await kept(page.context(), page)].flat().join('\n');
    expect(everything).toContain(`${origin}/tokens/`);
    expect(everything).not.toContain(accessToken);
    expect(everything).not.toContain('SIMULATED-WEBEX-TOKEN');
    expect(filesHolding(vault.settings.home, accessToken)).toEqual([]);
    // The content security policy blocked nothing, and only the second response failed.
    expect(consoles).toEqual([expect.stringContaining('409')]);
  });

  it('marks a token of an account that is not a full administrator for review, and lets the person sign in again', async () => {
    const set = await browserSession(browser);
    const page = await set.person();
    await beginAt(page, set, 'acme');
    await signInAs(page, 'user-admin');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
      'This account is not a full administrator',
    );
    await expect(readToken(set.vault, 'acme', actor)).rejects.toMatchObject({ code: 'E_NO_TOKEN' });

    const [tab] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: 'Sign out of Webex' }).click(),
    ]);
    await tab.getByText('You are signed out').waitFor();
    await tab.close();
    await page.getByRole('button', { name: 'Sign in again' }).click();
    await page.waitForURL(/\/idb\//);
    await signInAs(page, 'full-admin');
    const { token } = await readToken(set.vault, 'acme', actor);
    expect(token.account?.email).toBe('ada.nakamura@acme.example');
  });

  it('marks a token of another organization for review, and uses it once the person approves it', async () => {
    const set = await browserSession(browser);
    const page = await set.person();
    await beginAt(page, set, 'acme');
    await signInAs(page, 'full-admin');
    await page.goto(`${set.origin}/profiles/acme`);
    await page.getByText('Renew', { exact: true }).click();
    await page.getByRole('button', { name: 'Use a private window' }).waitFor();
    await page.context().clearCookies({ domain: '127.0.0.1' });
    await page.getByRole('button', { name: 'Sign in to Webex' }).click();
    await page.waitForURL(/\/idb\//);
    await signInAs(page, 'other-organization');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
      'This token belongs to a different organization',
    );
    await page.getByText('Use this token…').click();
    await page.getByRole('button', { name: 'Use this token', exact: true }).click();
    await page.waitForURL(/\/profiles\/acme$/);
    expect(await page.getByRole('status').textContent()).toContain('This token is now in use');
    const { token } = await readToken(set.vault, 'acme', actor);
    expect(token.account?.email).toBe('grace.mbeki@globex.example');
  });

  it('continues in the first window after a link was opened in a private window', async () => {
    const set = await browserSession(browser);
    const page = await set.person();
    await page.getByLabel('Organization name').fill('Acme');
    await follow(page.getByRole('button', { name: 'Use a private window (recommended)' }));
    const link = (await page.locator('#link').textContent()) ?? '';

    const other = await set.window();
    await other.goto(link);
    await signInAs(other, 'full-admin');
    expect(await other.locator('main').innerText()).toContain('You can close this window');
    expect(await other.getByRole('navigation').count()).toBe(0);
    await other.goto(set.origin);
    expect(await other.getByRole('heading', { level: 1 }).textContent()).toBe(
      'Open the app from your terminal',
    );

    await page.waitForURL(/\/tokens\//);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain(
      'Token saved for Acme, signed in as ',
    );
    expect(set.consoles.filter((line) => !line.includes('403'))).toEqual([]);
  });

  it('accepts a pasted redirect address from another computer', async () => {
    const set = await browserSession(browser);
    const page = await set.person();
    const { accessToken } = set.simulator.issueToken('full-admin');
    await page.getByRole('link', { name: 'Import a token' }).click();
    await page.getByLabel('Organization name').fill('Acme');
    const box = page.getByLabel('Address of the error page');
    await box.fill('https://webex.example/nothing');
    await page.getByRole('button', { name: 'Import token' }).click();
    // The script of the page moves the focus there.
    await page.locator('[role=alert]:focus').waitFor();
    await page.getByRole('alert').getByRole('link').click();
    await page.locator('#text:focus').waitFor();
    expect(await box.inputValue()).toBe('');

    await box.fill(
      `http://localhost:3000/auth/code#access_token=${accessToken}&token_type=Bearer&expires_in=3887999`,
    );
    await page.getByRole('button', { name: 'Import token' }).click();
    await page.waitForURL(/\/tokens\//);
    expect(await page.locator('main').innerText()).toContain('Ada Nakamura');
    expect((await readToken(set.vault, 'acme', actor)).accessToken).toBe(accessToken);
    expect(set.traces.join('\n')).not.toContain(accessToken);
  });

  it('opens from a link on another site after a confirmation', async () => {
    const set = await browserSession(browser);
    const page = await set.person();
    await page.route('http://127.0.0.1:9/elsewhere', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<a href="${set.origin}/import">the web app</a>` }),
    );
    await page.goto('http://127.0.0.1:9/elsewhere');
    await follow(page.getByRole('link'));
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
      'You came here from another site',
    );
    await follow(page.getByRole('link', { name: 'Continue' }));
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Import a token');
  });

  it('copies the values next to its copy buttons', async () => {
    const set = await browserSession(browser);
    const page = await set.person({ permissions: ['clipboard-read', 'clipboard-write'] });
    await beginAt(page, set, 'acme');
    await signInAs(page, 'full-admin');
    await copy(page.getByRole('button', { name: 'Copy the command' }));
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('npx webex-token get acme');
  });
});
