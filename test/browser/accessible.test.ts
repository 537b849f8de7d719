import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { quarantineEndsAt } from '../../src/domain/quarantine.ts';
import type { ProvisioningStatus } from '../../src/provisioning/entra/status/provisioning-status.ts';
import { saveStatus } from '../../src/provisioning/entra/status/save-status.ts';
import { sources } from '../../src/provisioning/settings-sources.ts';
import { destinationsOf, saveDestination, saveFindings } from '../../src/store/destinations.ts';
import { addTraffic, slotOf } from '../../src/store/profiles/relay-traffic.ts';
import { tokenById } from '../../src/store/profiles/tokens.ts';
import { addClient } from '../../src/vault/clients/clients.ts';
import { changeDisplayName, requireProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { createSignInLink } from '../../src/vault/sign-in/start-sign-in.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { createWebApp } from '../../src/web/app.ts';
import { routesOf } from '../support/attacks/every-route.ts';
import { faultsOf, phone, post, showAll } from '../support/browser/axe.ts';
import { type BrowserSession, beginAt, browserSession } from '../support/browser/browser-session.ts';
import { sharedBrowser } from '../support/browser/shared-browser.ts';
import { quietLog } from '../support/quiet-log.ts';
import { actor, justCaptured, today } from '../support/vault/test-vault.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await sharedBrowser();
});

afterAll(() => browser.close());

/** The longest name that is allowed. */
const longName = 'a-name-that-is-as-long-as-the-names-of-organizations-can-be-63';

/** Profiles in every status, API clients and destinations. Returns the pages of their tokens; the last token is due. */
async function seed(set: BrowserSession): Promise<string[]> {
  const { vault, simulator } = set;
  const store = async (profile: string, account: string, query = '') => {
    const { accessToken } = simulator.issueToken(account);
    const text = `#access_token=${accessToken}&token_type=Bearer${query}`;
    const tokenId = await importToken(vault, { profile }, text, actor);
    await verifyToken(vault, tokenId, actor);
    return `/tokens/${tokenId}`;
  };
  const good = await store('acme', 'full-admin', '&expires_in=3887999');
  await store('acme', 'full-admin', '&expires_in=3887999');
  const foreign = await store('acme', 'other-organization');
  const lesser = await store(longName, 'ordinary');
  simulator.faults.add({ path: '/v1/people/me', effect: 503, times: 1 });
  const unverified = await store('umbrella', 'full-admin', '&expires_in=0');
  simulator.revoke('device-admin');
  const { accessToken } = simulator.issueToken('device-admin');
  simulator.revoke('device-admin');
  const rejectedId = await importToken(vault, { profile: 'initech' }, accessToken, actor);
  await verifyToken(vault, rejectedId, actor);
  const unknown = await importToken(vault, { profile: 'hooli' }, 'fake-token-for-hooli', actor);
  // More than a few, so that the overview can be filtered and offers a renewal.
  vault.setNow(today - 350 * dayMs);
  let due = '';
  for (let number = 1; number <= 8; number += 1) {
    const text = justCaptured(`fake-token-for-customer-${number}`);
    due = await importToken(vault, { profile: `customer-${number}` }, text, actor);
    await verifyToken(vault, due, actor);
  }
  vault.setNow(today);
  await addClient(vault, { name: 'ci', profiles: ['acme', longName], addresses: ['10.0.0.0/8'] }, actor);
  await seedLongestNames(set);
  await quarantine(set, good);
  const others = [rejectedId, unknown, due].map((tokenId) => `/tokens/${tokenId}`);
  return [good, foreign, lesser, unverified, ...others];
}

/** The longest name without a place to break it. */
const widestName = 'w'.repeat(63);

/** A renewed profile whose destinations reach Webex in every way, with API clients of every kind, and the longest names. */
async function seedLongestNames({ vault, simulator }: BrowserSession): Promise<void> {
  const profile = widestName;
  const capture = async (daysAgo: number) => {
    vault.setNow(today - daysAgo * dayMs);
    const { accessToken } = simulator.issueToken('full-admin');
    const tokenId = await importToken(vault, { profile }, accessToken, actor);
    await verifyToken(vault, tokenId, actor);
    vault.setNow(today);
    return tokenId;
  };
  const earlier = await capture(300);
  await changeDisplayName(vault, profile, `${'W'.repeat(63)} ${'W'.repeat(36)}`, actor);
  const { id: profileId } = await requireProfile(vault, profile);
  const appName = 'Webex'.repeat(20);
  const { client: relayClient } = await addClient(
    vault,
    { name: `r${widestName.slice(1)}`, profiles: [profile], relayRights: 'all' },
    actor,
  );
  const destination = { profileId, steps: [], installedAt: today - dayMs, appName };
  const token = { ...destination, tokenId: earlier, method: 'push' as const };
  await saveDestination(vault.db, { ...token, provider: 'entra', appId: 'token-app' });
  await saveDestination(vault.db, { ...token, provider: 'okta', appId: 'okta-app', method: 'manual' });
  const byClient = { ...destination, tokenId: null, method: 'push' as const, clientId: relayClient.id };
  await saveDestination(vault.db, { ...byClient, provider: 'entra', appId: 'relay-app', via: 'relay' });
  await saveDestination(vault.db, { ...byClient, provider: 'entra', appId: 'oauth-app', via: 'oauth' });
  await addTraffic(
    vault.db,
    [
      {
        profileId,
        slots: [{ slot: slotOf(today), succeeded: 1_234_567, failed: 89 }],
        lastSuccessAt: today,
        lastError: { at: today, error: 'network' },
      },
    ],
    today,
  );
  const workloadIdentity = {
    issuer: `https://issuer.${widestName}.example/${widestName}`,
    subject: `repo:${widestName}/${widestName}:ref:refs/heads/main`,
    audience: `api://${widestName}`,
    anyScope: false,
  };
  await addClient(
    vault,
    { name: 'workload', profiles: [profile], workloadIdentity, expiresAt: today + dayMs },
    actor,
  );
  await capture(1);
}

/** Puts the profile of this capture in quarantine in Entra ID, with a setup that causes findings in a status check. */
async function quarantine({ vault }: BrowserSession, capture: string): Promise<void> {
  const token = await tokenById(vault.db, capture.replace('/tokens/', ''));
  const profileId = token?.profileId ?? '';
  const place = { profileId, provider: 'entra' as const, appId: 'fake-app', appName: 'Cisco Webex' };
  const installedAt = today - dayMs;
  await saveDestination(vault.db, {
    ...place,
    method: 'push',
    tokenId: token?.id ?? '',
    installedAt,
    steps: [],
  });
  const [destination] = await destinationsOf(vault.db, profileId);
  if (destination === undefined) throw new Error('the push stored no destination');
  const since = today - 3 * dayMs;
  const status: ProvisioningStatus = {
    jobId: 'job-1',
    status: 'Quarantine',
    lastCycle: { state: 'Failed', endedAt: today, changed: 0, failed: 3 },
    lastSuccessAt: since,
    quarantine: {
      reason: 'EncounteredQuarantineException',
      since,
      nextAttempt: null,
      disabledAt: quarantineEndsAt(since),
      detail: 'The credentials are not valid.',
    },
  };
  await saveStatus(vault, destination, status);
  const findings = (['problem', 'warning', 'note'] as const).map((level) => ({
    id: level,
    level,
    message: `Something that is a ${level}.`,
    source: sources.ciscoEntra,
  }));
  await saveFindings(vault.db, destination.id, findings, today);
}

/** Lists grow with their entries; names of 63 letters without a place to break them fill a page too. */
const isLong = (url: string) => {
  const { pathname } = new URL(url);
  return (
    /^\/(audit-log|clients|renewals|tests|import\/csv\/preview)?$/.test(pathname) ||
    pathname.includes(widestName)
  );
};

/** The routes for forms that respond with a redirect, or with a page that a GET request returns too. */
const redirecting = [
  '/auth/code',
  '/clear-site-data/:permit',
  '/import/csv',
  '/import/csv/preview',
  '/import/address',
  '/tokens/:tokenId/verify',
  '/tokens/:tokenId/approve',
  '/tokens/:tokenId/discard',
  '/tokens/:tokenId/organization',
  '/tokens/:tokenId/change-organization',
  '/profiles/:name/display-name',
  '/profiles/:name/tags-and-contact',
  '/profiles/:name/remove',
  '/profiles/:name/tokens/:tokenId/activate',
  '/profiles/:name/tokens/:tokenId/remove',
  '/profiles/:name/entra/steps',
  '/profiles/:name/entra/updated',
  '/profiles/:name/entra/remove',
  '/profiles/:name/entra/status',
  '/profiles/:name/okta/offer',
  '/profiles/:name/okta/steps',
  '/profiles/:name/okta/updated',
  '/profiles/:name/okta/remove',
  '/profiles/:name/push-jobs',
  '/push-jobs/:id/stop',
  '/reminders/desktop',
  '/reminders/webhook/test',
  '/reminders/desktop/test',
  '/reminders/mail/remove',
  '/reminders/webhook/remove',
  '/reminders/desktop/remove',
  '/reminders/feed/remove',
  '/clients/:client/remove',
  '/renewals/skip',
  '/renewals/end',
];

/** Pages that other tests of this folder inspect. */
const elsewhere = ['/import/csv/preview'];

/** Whether a path belongs to a route. */
function isOf(path: string, route: string): boolean {
  return new RegExp(`^${route.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`).test(path);
}

/** Every route for GET requests: the names of its pages, or why it has none. `:x` stands for a parameter. */
const pages: Record<string, string[] | 'no page'> = {
  '/': [
    '/',
    '/?search=nothing',
    '/?view=table&columns=organization&columns=status&columns=tags',
    '/?view=cards',
  ],
  '/organizations.csv': 'no page',
  '/import/csv': ['/import/csv'],
  '/import/csv/preview': ['the test of the CSV import opens it'],
  '/tests': ['/tests'],
  '/tests/progress': 'no page',
  '/auth/code': ['/auth/code?error=access_denied', '/auth/code#access_token=x&state=x', '/auth/code'],
  '/access/:secret': ['below, without a session'],
  '/sign-in/:link': ['below, with all of it'],
  '/sign-in/:link/begin': 'no page',
  '/tokens/last': 'no page',
  '/tokens/:tokenId': ['every capture'],
  '/tokens/:tokenId/progress': 'no page',
  '/sign-in': ['the first page', 'below, with errors'],
  '/sign-ins/:id': ['/sign-ins/:id'],
  '/sign-ins/:id/progress': 'no page',
  '/import': ['below, with errors'],
  '/profiles/:name': [
    'below, with an error',
    '/profiles/umbrella',
    '/profiles/initech',
    `/profiles/${longName}`,
    `/profiles/${widestName}`,
  ],
  '/profiles/:name/test': ['/profiles/acme/test'],
  '/profiles/:name/test/progress': 'no page',
  '/profiles/:name/remove': ['/profiles/acme/remove'],
  '/profiles/:name/tokens/:tokenId/activate': ['every stored token'],
  '/profiles/:name/tokens/:tokenId/remove': ['every stored token'],
  '/profiles/:name/entra': [
    `/profiles/acme/entra?way=token&task=set-up&scope=all&userName=differs&attributes=more`,
    `/profiles/acme/entra?way=relay&task=set-up`,
    `/profiles/${longName}/entra?attributes=more&userName=differs`,
    '/profiles/acme/entra',
    `/profiles/${widestName}/entra?way=relay`,
    `/profiles/${widestName}/entra?way=oauth&task=set-up`,
  ],
  '/profiles/:name/okta': [
    '/profiles/acme/okta',
    '/profiles/acme/okta?way=token&task=set-up&role=customer&who=groups',
    `/profiles/${widestName}/okta?way=relay`,
  ],
  '/push-jobs/:id': ['a push job is opened by the test that starts it'],
  '/push-jobs/:id/progress': 'no page',
  '/profiles/:name/calendar.ics': 'no page',
  '/calendar.ics': 'no page',
  '/calendar/:secret.ics': 'no page',
  '/reminders': ['/reminders'],
  '/clients': ['below, with errors'],
  '/clients/:client': ['/clients/ci', `/clients/r${widestName.slice(1)}`, '/clients/workload'],
  '/renewals': ['/renewals', '/renewals?within=many', 'below, under way'],
  '/audit-log': ['/audit-log'],
  '/errors/:code': ['/errors/E_EXPIRED'],
  '/healthz': 'no page',
  nothing: ['/nothing'],
};

describe('the pages', () => {
  it('are all known to this test', async () => {
    const set = await browserSession(browser);
    const { app } = createWebApp({ vault: set.vault, log: quietLog() });
    const asked = routesOf(app).filter(
      ({ methods, path }) => methods.includes('GET') && !path.startsWith('/assets/'),
    );
    expect(asked.map(({ path }) => path).filter((path) => pages[path] === undefined)).toEqual([]);
  });

  it('pass axe in light and dark mode, and never scroll horizontally', async () => {
    const options = { viewport: phone, colorScheme: 'light' as const };
    const set = await browserSession(browser, { demonstration: true });
    const { vault, simulator, origin } = set;
    const { entra, okta } = simulator;
    Object.assign(vault.settings.entra, {
      graphUrl: entra.endpoints.graph,
      loginUrl: entra.endpoints.login,
      tenantId: entra.directory.tenantId,
    });
    Object.assign(vault.settings.okta, { orgUrl: okta.orgUrl, token: okta.apiToken });
    const faults: string[] = [];
    const page = await set.person(options);
    const seen: string[] = [];
    const inspect = async (what: string, of: Page = page, how = {}) => {
      seen.push(new URL(of.url()).pathname);
      faults.push(...(await faultsOf(of, what, { long: isLong(of.url()), ...how })));
    };
    const inspectAt = async (path: string) => {
      // The same page with another fragment would not be loaded.
      if (path.includes('#')) await page.goto('about:blank');
      await page.goto(origin + path);
      if (path.startsWith('/auth/code')) await page.locator('section:not([hidden]) h1:focus').waitFor();
      await inspect(path);
    };
    await inspect('the first page');

    const captures = await seed(set);
    const paths = Object.values(pages).flatMap((each) => (typeof each === 'string' ? [] : each));
    for (const path of [
      ...paths.filter((each) => each.startsWith('/') && !each.includes(':')),
      ...captures.slice(0, -1),
    ]) {
      await inspectAt(path);
    }
    const tokenId = captures[0]?.replace('/tokens/', '');
    for (const action of ['activate', 'remove'])
      await inspectAt(`/profiles/acme/tokens/${tokenId}/${action}`);

    const forms = [
      ['/sign-in', 'the sign-in with an error'],
      ['/import', 'the import with errors'],
      ['/clients', 'the form for an API client with errors'],
      ['/reminders/mail', 'the mail form with errors'],
      ['/reminders/webhook', 'the webhook form with errors'],
      ['/reminders/mail/test', 'the result of a test reminder'],
      ['/profiles/acme/rename', 'the new name with an error'],
      ['/profiles/acme/sign-in', 'the link for a private window'],
      ['/profiles/acme/token', 'the token'],
      ['/profiles/acme/test', 'the result of the test'],
      ['/clients/ci/secret', 'the secret'],
      ['/reminders/feed', 'the address of the feed'],
      [`/profiles/${widestName}/entra/offer`, 'the secret of the relay'],
      ['/profiles/initech/entra/push', 'a push without a token that works'],
      ['/profiles/acme/entra/steps', 'the guide after a step is done'],
      ['/selection', 'the question about all organizations'],
      [`/profiles/${widestName}/test`, 'the test of the longest name'],
      ['/profiles/acme/okta/push', 'the link to the guide for Okta'],
      ['/renewals', 'the renewal'],
    ] as const;
    const posted = [...forms.map(([path]) => path), '/profiles/acme/entra/push'];
    for (const [path, what] of forms) {
      await post(page, path, {
        where: 'private',
        within: '31',
        action: 'renew',
        all: 'matching',
        query: '',
        task: 'replace',
        done: 'replace/test-here',
      });
      if (path.endsWith('/push'))
        await page.getByRole('link', { name: /Open the guide|use the guide/ }).waitFor();
      await inspect(what);
    }
    // By now there is a renewal, which links to the next profile.
    await inspectAt(captures.at(-1) ?? '');
    expect(await page.getByText(/^0 of \d+ done$/).count()).toBe(1);

    entra.settings.deviceApproval = 'page';
    await page.goto(`${origin}/reminders`);
    await post(page, '/profiles/acme/entra/push', { app: entra.app.id });
    await page.locator('.code').waitFor();
    await inspect('the code for Entra ID');
    entra.settings.deviceApproval = 'automatic';
    await page.getByRole('heading', { level: 1, name: 'Token sent' }).waitFor();
    await inspect('the result of the push');

    const { signInId, link } = await createSignInLink(vault, { profile: 'acme' });
    await inspectAt(`/sign-ins/${signInId}`);
    // Content that their scripts show only for a moment.
    const still = await page.context().newPage();
    await still.setViewportSize(phone);
    await still.route('**/assets/*.js', (route) => route.abort());
    for (const path of [`/sign-in/${link}`, '/auth/code']) {
      await still.goto(origin + path);
      await showAll(still);
      await inspect(`${path.slice(0, 9)}, all of it`, still);
    }
    // The script of its page opens the same address once the link has expired.
    await page.goto('about:blank');
    vault.setNow(today + 11 * 60_000);
    await inspectAt(`/sign-ins/${signInId}`);

    const stranger = await set.window(options);
    await stranger.goto(origin);
    await inspect('the page for strangers', stranger);
    await stranger.goto(`${origin}/access/used-up`);
    await inspect('the page of a link that was used', stranger);
    await stranger.goto(origin.replace('localhost', '127.0.0.1'));
    await inspect('the page at another address', stranger, { styled: false });
    await Promise.all([
      stranger.waitForURL(`${origin}/audit-log`),
      stranger.evaluate((url) => location.assign(url), `${origin}/audit-log`),
    ]);
    await inspect('the page from elsewhere', stranger);
    expect(faults).toEqual([]);
    // The routes are those of the router: a new one cannot be forgotten.
    const { app } = createWebApp({ vault, log: quietLog() });
    const missed = routesOf(app).flatMap(({ methods, path }) => [
      ...(methods.includes('GET') &&
      pages[path] !== undefined &&
      pages[path] !== 'no page' &&
      !elsewhere.includes(path) &&
      !seen.some((each) => isOf(each, path))
        ? [`GET ${path}`]
        : []),
      ...(methods.includes('POST') && !redirecting.includes(path) && !posted.some((each) => isOf(each, path))
        ? [`POST ${path}`]
        : []),
    ]);
    expect(missed).toEqual([]);
  });

  it('can be used by keyboard alone, from the first page to the stored token', async () => {
    const set = await browserSession(browser);
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
    await page.waitForURL(/\/tokens\//);
    expect((await readToken(set.vault, 'acme', actor)).profile.name).toBe('acme');

    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to main content');
    await page.keyboard.press('Enter');
    await expect.poll(focused).toContain('Token saved for');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.querySelector('main')?.contains(document.activeElement))).toBe(
      true,
    );
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement as Element).outlineStyle,
    );
    expect(outline).toBe('solid');
  });

  it('show no buttons on paper, and lose nothing', async () => {
    const set = await browserSession(browser);
    const page = await set.person();
    await beginAt(page, set, 'acme');
    await page.locator('button[value=full-admin]').click();
    await page.waitForURL(/\/tokens\//);
    await page.emulateMedia({ media: 'print' });
    expect(await page.getByRole('button').count()).toBe(0);
    expect(await page.getByRole('navigation').count()).toBe(0);
    // Folded content is printed. Chromium lays it out with its next frame.
    await expect.poll(() => page.locator('main').innerText()).toContain('ada.nakamura@acme.example');
  });

  it('have no animation if the person prefers reduced motion', async () => {
    const set = await browserSession(browser);
    const page = await set.person({ reducedMotion: 'reduce' });
    await page.goto(`${set.origin}/auth/code`);
    const animation = await page.evaluate(() => {
      const spinner = document.querySelector('.spinner');
      return spinner === null ? null : getComputedStyle(spinner).animationName;
    });
    expect(animation).toBe('none');
  });
});
