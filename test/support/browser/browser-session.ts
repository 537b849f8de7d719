import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { startCleanupServer } from '../../../src/server/service-worker-cleanup.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { createAccessLink } from '../../../src/vault/sign-in/access-links.ts';
import { createWebApp } from '../../../src/web/app.ts';
import { stepHangsMs } from '../hang-limits.ts';
import { simulated } from '../test-simulator.ts';
import { newVault, type TestVault, testSettings, today } from '../vault/test-vault.ts';

/** The web app on its own port, with a simulated Webex, and a record of everything that could contain a secret. */
export interface BrowserSession {
  origin: string;
  sideOrigin: string;
  simulator: Simulator;
  vault: TestVault;
  /** Every request line and header that reached the web app, and every line that it logged. */
  traces: string[];
  /** The console output of the browser, and the errors of its pages. */
  consoles: string[];
  /** Each title that a page of the web app had. */
  titles: string[];
  /** A separate browser profile without a session. */
  window(options?: BrowserContextOptions): Promise<Page>;
  /** The same, with a session from a one-time link. */
  person(options?: BrowserContextOptions): Promise<Page>;
}

export async function browserSession(
  browser: Browser,
  { port: wanted = 0, ...options }: { demonstration?: boolean; port?: number } = {},
): Promise<BrowserSession> {
  const simulator = await simulated({ now: () => today });
  const traces: string[] = [];
  const consoles: string[] = [];
  const titles: string[] = [];
  const { port, serve } = await listen(wanted);
  const vault = await newVault(simulator, { settings: { ...(await testSettings(simulator)), port } });
  const log = pino({ level: 'trace' }, { write: (line: string) => traces.push(line) });
  const cleanupServer = await startCleanupServer(vault, log, options);
  // Tests read the result of a verification, however long it takes.
  const { app, idle } = createWebApp({ vault, log, cleanupServer, waitMs: stepHangsMs, ...options });
  serve((request, response) => {
    traces.push(`${request.method} ${request.url}\n${request.rawHeaders.join('\n')}`);
    app(request, response);
  });
  onTestFinished(async () => {
    await idle();
    await cleanupServer?.close();
  });

  const origin = `http://localhost:${port}`;
  const window = async (contextOptions: BrowserContextOptions = {}) => {
    const context = await browser.newContext(contextOptions);
    context.setDefaultTimeout(stepHangsMs);
    onTestFinished(() => context.close());
    return watched(await context.newPage());
  };
  const watched = (page: Page) => {
    page.on('console', (message) => consoles.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => consoles.push(`error: ${error.message}`));
    page.on('domcontentloaded', () => {
      void page.title().then(
        (title) => titles.push(title),
        () => {},
      );
    });
    return page;
  };
  return {
    origin,
    sideOrigin: cleanupServer?.origin ?? '',
    simulator,
    vault,
    traces,
    consoles,
    titles,
    window,
    async person(contextOptions) {
      const page = await window(contextOptions);
      await page.goto(`${origin}/access/${await createAccessLink(vault)}`);
      return page;
    },
  };
}

/** A port (0: any free one) on both loopback addresses, if this machine has both: a browser may use either for localhost. */
async function listen(wanted: number): Promise<{ port: number; serve: (listener: RequestListener) => void }> {
  const servers = [createServer(), createServer()];
  const [first, second] = servers;
  if (first === undefined || second === undefined) throw new Error('unreachable');
  first.listen(wanted, '127.0.0.1');
  await once(first, 'listening');
  const { port } = first.address() as AddressInfo;
  second.on('error', () => {});
  second.listen(port, '::1');
  onTestFinished(() => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });
  return {
    port,
    serve: (listener) => {
      for (const server of servers) server.on('request', listener);
    },
  };
}

/**
 * Clicks a link or button that opens another page, and waits until all of that page is loaded. A click alone returns while the
 * page is still being parsed: what counts or reads its elements then gets a part of them, or those of the page before.
 */
export async function follow(target: Locator): Promise<void> {
  const page = target.page();
  await page.waitForLoadState();
  await Promise.all([page.waitForEvent('load'), target.click()]);
}

/** Clicks a copy button, and waits until it says that it has copied, which it does for a moment. */
export async function copy(button: Locator): Promise<void> {
  const copied = button.evaluate(
    (element) =>
      new Promise<void>((resolve) => {
        const observer = new MutationObserver(() => {
          if (element.textContent?.includes('Copied')) resolve();
        });
        observer.observe(element, { childList: true, characterData: true, subtree: true });
      }),
  );
  await Promise.all([copied, button.click()]);
}

/** Fills in the form and goes to the simulated Webex. */
export async function beginAt(
  page: Page,
  set: BrowserSession,
  name: string,
  deployment = 'Standard',
): Promise<void> {
  await askFor(page, set, name, deployment);
  await page.waitForURL(/\/idb\/oauth2\/v1\/authorize/);
}

/** Fills in the form and sends it. */
export async function askFor(
  page: Page,
  { origin }: BrowserSession,
  name: string,
  deployment = 'Standard',
): Promise<void> {
  await page.goto(`${origin}/sign-in`);
  await page.getByLabel('Organization name').fill(name);
  await page.getByRole('radio', { name: deployment, exact: false }).first().check();
  await page.getByRole('button', { name: 'Sign in to Webex' }).click();
}

/** Signs in to the simulated Webex, and waits for the page with the result. */
export async function signInAs(page: Page, account: string): Promise<void> {
  await page.locator(`button[name=account][value=${account}]`).click();
  await page.waitForURL(/\/tokens\//);
}

/** Everything that this browser profile stores where a script can read it. */
export async function kept(context: BrowserContext, page: Page): Promise<string> {
  const inPage = await page.evaluate(async () => {
    const caches = await window.caches.keys();
    const databases = (await indexedDB.databases()).map(({ name }) => name);
    return JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      caches,
      databases,
      window.name,
      history.state,
    ]);
  });
  return `${inPage}\n${JSON.stringify(await context.storageState({ indexedDB: true }))}`;
}
