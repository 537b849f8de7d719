import pino from 'pino';
import type { Browser, BrowserContext, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startServer } from '../../src/server/start.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { newEntryLink } from '../../src/vault/entry-links.ts';
import { readToken } from '../../src/vault/read-token.ts';
import { simulated } from '../simulator/simulated.ts';
import { actor, newVault, type TestVault, testSettings, today } from '../vault/vaults.ts';
import { browsers, launchOneOf } from './both-browsers.ts';
import { leaveWorker, type WorkerKind } from './other-project.ts';

interface App {
  origin: string;
  sideOrigin: string;
  vault: TestVault;
  simulator: Simulator;
}

/** The whole program on a port, its side door too. */
async function serve(port: number): Promise<App> {
  const simulator = await simulated({ now: () => today });
  const vault = await newVault(simulator, { settings: { ...(await testSettings(simulator)), port } });
  const server = await startServer(vault, pino({ level: 'silent' }));
  onTestFinished(() => server.close());
  const sideOrigin = `http://localhost:${server.sidePort}`;
  return { origin: `http://localhost:${port}`, sideOrigin, vault, simulator };
}

async function text(page: Page): Promise<string> {
  return await page.$eval('main', (main) => (main as HTMLElement).innerText);
}

/** Presses a button or link; resolves when the page that it leads to is there. */
async function press(page: Page, name: string): Promise<void> {
  await page.locator(`::-p-text(${name})`).click();
}

/** The heading of the page, once it is this one. */
async function heading(page: Page, name: string): Promise<void> {
  await page.waitForFunction(
    (wanted) =>
      [...document.querySelectorAll('h1')].some((h1) => h1.checkVisibility() && h1.innerText === wanted),
    {},
    name,
  );
}

async function signInAtWebex(page: Page): Promise<void> {
  await page.waitForSelector('button[value=full-admin]');
  await page.click('button[value=full-admin]');
  await heading(page, 'The token is stored');
}

describe.each(browsers)('%s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchOneOf(name);
  });
  afterAll(() => browser.close());

  async function profile(): Promise<BrowserContext> {
    const context = await browser.createBrowserContext();
    onTestFinished(() => context.close());
    return context;
  }

  const kinds: WorkerKind[] = ['answers from its cache', 'passes everything on', 'only watches'];
  test.each(kinds)('a worker that %s gets no token', async (kind) => {
    const context = await profile();
    const project = await leaveWorker(context, kind);
    const app = await serve(project.port);
    const page = await context.newPage();
    const kept = async () => {
      const tab = await context.newPage();
      await tab.goto(`${app.origin}/healthz`);
      const draft = await tab.evaluate(() => localStorage.getItem('draft'));
      await tab.close();
      return draft;
    };

    // It would: this is what it gets of an address such as Webex sends back.
    await page.goto(`${app.origin}/auth/code#access_token=fake-bait`);
    await expect.poll(() => project.seen()).toContain('#access_token=fake-bait');

    await page.goto(`${app.sideOrigin}/enter/${await newEntryLink(app.vault)}`);
    await heading(
      page,
      kind === 'answers from its cache' ? 'Something else answers there' : 'Another project listens in',
    );
    expect(await kept()).toBe('of another project');
    await press(page, 'Remove it and go on');
    await heading(page, 'Get your first Webex token');
    expect(await kept()).toBeNull();
    await page.type('#name', 'Acme');
    await press(page, 'Sign in at Webex');
    await signInAtWebex(page);
    const { accessToken } = await readToken(app.vault, 'acme', actor);
    expect(project.seen()).not.toContain(accessToken);
  });
});
