import pino from 'pino';
import type { Page } from 'puppeteer-core';
import { onTestFinished } from 'vitest';
import { startWebServer } from '../../../src/server/web-server.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { createAccessLink } from '../../../src/vault/sign-in/access-links.ts';
import { freePort } from '../cli/cli-process.ts';
import { simulated } from '../test-simulator.ts';
import { newVault, type TestVault, testSettings, today } from '../vault/test-vault.ts';

/** The whole program as `serve` starts it, with its cleanup server and a simulated Webex. */
export interface Program {
  origin: string;
  sideOrigin: string;
  vault: TestVault;
  simulator: Simulator;
  /** Its responses, oldest first: "POST /import 403". */
  answers: string[];
  /** The path of a one-time link into the web app. */
  entry(): Promise<string>;
}

export async function runProgram(port?: number): Promise<Program> {
  const simulator = await simulated({ now: () => today });
  const settings = { ...(await testSettings(simulator)), port: port ?? (await freePort()) };
  const vault = await newVault(simulator, { settings });
  const answers: string[] = [];
  const write = (line: string) => {
    const { msg, method, path, status } = JSON.parse(line) as Record<string, unknown>;
    if (msg === 'request') answers.push(`${method} ${path} ${status}`);
  };
  const server = await startWebServer(vault, pino({ level: 'info' }, { write }));
  onTestFinished(() => server.close());
  return {
    origin: `http://localhost:${server.port}`,
    sideOrigin: `http://localhost:${server.cleanupPort}`,
    vault,
    simulator,
    answers,
    entry: async () => `/access/${await createAccessLink(vault)}`,
  };
}

/** Opens a URL. Returns the HTTP status of the page, which the page knows itself: Firefox does not report its requests. */
export async function statusAt(page: Page, url: string): Promise<number | undefined> {
  await page.goto(url);
  return await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType('navigation');
    return (navigation as PerformanceNavigationTiming | undefined)?.responseStatus;
  });
}

/** Waits until the page, also after a navigation, is loaded and has a heading that starts with this text. */
export async function untilHeading(page: Page, text: string): Promise<void> {
  await page.waitForFunction(
    (wanted) =>
      document.readyState === 'complete' &&
      [...document.querySelectorAll('h1')].some(
        (h1) => h1.checkVisibility() && h1.innerText.startsWith(wanted),
      ),
    { polling: 50 },
    text,
  );
}

/** Clicks the button or link with this text. */
export async function press(page: Page, text: string): Promise<void> {
  await page.bringToFront();
  await page.locator(`::-p-text(${text})`).click();
}

/** The visible text of the main part. */
export async function mainText(page: Page): Promise<string> {
  return await page.$eval('main', (main) => (main as HTMLElement).innerText);
}

/** Signs in to the simulated Webex, and waits for the page of the saved token. */
export async function signInAtWebex(page: Page, name = 'Acme'): Promise<void> {
  await page.bringToFront();
  await page.waitForSelector('button[value=full-admin]');
  await page.click('button[value=full-admin]');
  await untilHeading(page, `Token saved for ${name}`);
}
