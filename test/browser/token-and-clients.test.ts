import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listClients } from '../../src/vault/clients/clients.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import {
  type BrowserSession,
  browserSession,
  copy,
  follow,
  signInAs,
} from '../support/browser/browser-session.ts';
import { launchBrowser } from '../support/browser/launch.ts';
import { actor, auditLog } from '../support/vault/test-vault.ts';

let browser: Browser;

beforeAll(async () => {
  // Not the shared one: the pages of a browser have one clipboard.
  browser = await launchBrowser();
});

afterAll(() => browser.close());

const heading = (page: Page) => page.getByRole('heading', { level: 1 }).textContent();

/** Stores a profile with a token. Returns the value of the token. */
async function storeToken(
  { vault, simulator }: BrowserSession,
  profile = 'acme',
  options = {},
): Promise<string> {
  const { accessToken } = simulator.issueToken('full-admin', options);
  await verifyToken(vault, await importToken(vault, { profile }, accessToken, actor), actor, true);
  return accessToken;
}

async function withProviders(set: BrowserSession): Promise<BrowserSession> {
  const { entra, okta } = set.simulator;
  Object.assign(set.vault.settings.entra, {
    graphUrl: entra.endpoints.graph,
    loginUrl: entra.endpoints.login,
    tenantId: entra.directory.tenantId,
  });
  Object.assign(set.vault.settings.okta, { orgUrl: okta.orgUrl, token: okta.apiToken });
  entra.settings.deviceApproval = 'page';
  return set;
}

describe('the web app', () => {
  it('copies the token without putting it into the document, and hides a revealed token again', async () => {
    const set = await browserSession(browser);
    const token = await storeToken(set);
    const page = await set.person();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: set.origin });
    await page.clock.install();
    await page.goto(`${set.origin}/profiles/acme`);
    await copy(page.getByRole('button', { name: 'Copy the token' }));
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
    expect(await page.content()).not.toContain(token);
    expect(await auditLog(set.vault)).toContain('read ok acme');

    await page.getByRole('button', { name: 'Show the token' }).click();
    await page.locator('[data-secret]').waitFor();
    expect(await page.locator('[data-secret]').textContent()).toBe(token);
    // Its script has started to count.
    await page.getByText('The token is hidden after a minute.').waitFor();
    await page.clock.runFor(61_000);
    await page.getByText('The token is hidden.').waitFor();
    expect(await page.content()).not.toContain(token);
    await page.goBack();
    expect(await page.content()).not.toContain(token);
    expect(set.traces.join('\n')).not.toContain(token);
    expect(set.consoles.join('\n')).not.toContain(token);
    expect(set.titles.join('\n')).not.toContain(token);
  });

  it('adds an API client by keyboard alone, without JavaScript', async () => {
    const set = await browserSession(browser);
    await storeToken(set);
    const page = await set.person({ javaScriptEnabled: false });
    await follow(page.getByRole('link', { name: 'API clients' }));
    await page.getByRole('textbox', { name: 'Name' }).focus();
    await page.keyboard.type('ci-deploy');
    // The use is selected already.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Add API client' }).press('Enter');
    await page.getByText('you will not see it again').waitFor();
    await page.waitForLoadState();
    expect(await page.locator('#client-secret').textContent()).toMatch(/^[\w-]{43}$/);
    expect((await listClients(set.vault))[0]).toMatchObject({ name: 'ci-deploy', profiles: ['acme'] });
  });

  it('tests the token and shows the connection tests of Entra ID and Okta', async () => {
    const set = await browserSession(browser);
    await storeToken(set);
    const page = await set.person();
    await page.goto(`${set.origin}/profiles/acme`);
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.waitForURL(/\/test$/);
    await page.getByText('Entra ID’s Test Connection would pass.').waitFor();
    expect(await heading(page)).toBe('All checks passed');
  });

  it('sends the token to Entra ID automatically with a device code, and manually with the guide', async () => {
    const set = await withProviders(await browserSession(browser));
    const token = await storeToken(set);
    const page = await set.person();
    await page.goto(`${set.origin}/profiles/acme`);
    await page.getByRole('link', { name: 'Connect to Entra ID' }).click();
    await page.getByLabel('With the token itself').check();
    await page.getByRole('button', { name: 'Set up Entra ID' }).click();
    const code = page.locator('.code');
    await code.waitFor();
    const [tab] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: 'Open the sign-in page' }).click(),
    ]);
    await tab.getByLabel('Code').fill((await code.textContent()) ?? '');
    await tab.getByRole('button', { name: 'Sign in as' }).click();
    await tab.getByText('You are signed in.').waitFor();
    await tab.close();
    await page.getByRole('heading', { level: 1, name: 'Token sent' }).waitFor();
    expect(set.simulator.entra.app.secrets.get('SecretToken')).toBe(token);

    await page.goto(`${set.origin}/profiles/acme/entra`);
    await page.getByText('Which steps do you need?').click();
    await page
      .getByLabel('What do you want to do?')
      .selectOption({ label: 'Set up provisioning for the first time' });
    await follow(page.getByRole('button', { name: 'Show my steps' }));
    // One section is open, and in it one step; the others are folded.
    expect(await page.getByRole('button', { name: /^Mark as done/ }).count()).toBe(1);
    await page.getByRole('heading', { name: 'Connect Entra ID to Webex' }).click();
    await page.getByText('Press Test Connection.').first().click();
    await follow(page.getByRole('button', { name: /^Mark as done.*Press Test Connection/ }));
    // The push has done one of them: Entra ID has the token.
    await page.getByText(/^2 of \d steps done$/).waitFor();
    await page.getByText('Press Test Connection.').first().click();
    await page.getByRole('button', { name: /^Done.*Press Test Connection/ }).waitFor();
    await page.getByText('Fill in the credentials.').first().click();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: set.origin });
    await copy(page.getByRole('button', { name: 'Copy Tenant URL' }));
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/\/v1\/scim\/ac3e0001-/);
    await copy(page.getByRole('button', { name: 'Copy the token' }));
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
    await page.getByText(/^Press “I’ve updated it”/).click();
    await follow(page.getByRole('button', { name: 'I’ve updated it' }));
    expect(await page.getByRole('status').textContent()).toContain('Marked as updated');
    await page.emulateMedia({ media: 'print' });
    const printed = () => page.locator('main').innerText();
    // Folded content is printed. Chromium lays it out with its next frame.
    await expect.poll(printed).toContain('For eDiscovery of a deleted user');
    expect(await printed()).toContain('Tenant URL');
    expect(await printed()).not.toContain('Show my steps');
    expect(set.consoles).toEqual([]);
  });

  it('leads to the guide if Okta does not allow automatic setup', async () => {
    const set = await withProviders(await browserSession(browser));
    await storeToken(set);
    const page = await set.person();
    await page.goto(`${set.origin}/profiles/acme/okta`);
    await page.getByLabel('With the token itself').check();
    await page.getByRole('button', { name: 'Set up Okta' }).click();
    await follow(page.getByRole('link', { name: 'Open the guide' }));
    await page.getByRole('heading', { name: 'Connect Okta to Webex' }).waitFor();
    // At the step that has the values to paste.
    await page.getByRole('button', { name: 'Copy the token' }).waitFor();
    await page.getByText(/^Press “I’ve updated it”/).click();
    await page.getByRole('button', { name: 'I’ve updated it' }).click();
    await page.getByText('set manually').waitFor();
  });

  it('renews one organization after another from the page of each captured token, and skips one', async () => {
    const set = await browserSession(browser);
    for (const [at, profile] of ['initech', 'acme', 'umbrella'].entries()) {
      await storeToken(set, profile, { lifetimeSeconds: (at + 1) * 86_400 });
    }
    const page = await set.person();
    await page.goto(`${set.origin}/renewals`);
    await page.getByRole('heading', { name: '3 tokens to renew' }).waitFor();
    await page.getByRole('button', { name: 'Start renewing' }).click();
    await page.getByText('0 of 3 done').waitFor();
    await page.getByRole('button', { name: 'Sign in to Webex' }).click();
    await page.waitForURL(/\/idb\//);
    await signInAs(page, 'full-admin');
    await page.getByText('1 of 3 done').waitFor();
    await page.getByRole('button', { name: 'Next: acme' }).click();
    // The browser is signed in to Webex with an account of the previous organization, so Webex asks again.
    await page.waitForURL(/\/idb\//);
    await signInAs(page, 'full-admin');
    await page.getByText('2 of 3 done').waitFor();
    await page.getByRole('link', { name: 'All renewals' }).click();
    await page.getByRole('heading', { name: 'Next: umbrella' }).waitFor();
    expect(await page.getByRole('progressbar').getAttribute('value')).toBe('2');
    await page.getByRole('button', { name: 'Skip' }).click();
    await page.getByText('All done: 2 renewed, 1 skipped.').waitFor();
    await page.getByRole('button', { name: 'Finish' }).click();
    await page.getByText('Renewals finished.').waitFor();
    expect(set.consoles).toEqual([]);
  });
});
