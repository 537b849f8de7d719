import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, launch, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe } from 'vitest';
import { stepHangsMs } from '../hang-limits.ts';
import { chromiumArguments, chromiumPath } from './launch.ts';

type BrowserName = 'Chromium' | 'Firefox';

const firefoxPaths = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/snap/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
  'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
];

const firefoxPath = process.env.FIREFOX_PATH ?? firefoxPaths.find((path) => existsSync(path));

/**
 * Runs tests of browser-specific behavior in one of the two, which starts once: the start of Firefox takes as long as three of
 * its tests. Without Firefox its tests are skipped, and the title says what is missing.
 */
export function inBrowser(name: BrowserName, tests: (browser: () => Browser) => void): void {
  const missing = name === 'Firefox' && firefoxPath === undefined;
  const title = missing ? 'Firefox (not installed: firefox-esr, or FIREFOX_PATH)' : name;
  describe.skipIf(missing)(title, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await (name === 'Chromium' ? launchChromium() : launchFirefox());
    });
    afterAll(() => browser.close());
    tests(() => browser);
  });
}

/** A new page, whose steps may take as long as on a busy machine. */
export async function openPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(stepHangsMs);
  return page;
}

/** Names that resolve to this machine, for pages that are not the program's. */
export const foreignHosts = ['evil.example', 'localhost.evil.example', 'localhost.'] as const;

async function launchChromium(): Promise<Browser> {
  const rules = foreignHosts.map((host) => `MAP ${host} 127.0.0.1`).join(',');
  return await launch({
    executablePath: await chromiumPath(),
    headless: 'shell',
    timeout: stepHangsMs,
    protocolTimeout: stepHangsMs,
    args: [...chromiumArguments(), `--host-resolver-rules=${rules}`],
  });
}

async function launchFirefox(): Promise<Browser> {
  return await launch({
    browser: 'firefox',
    executablePath: firefoxPath ?? 'firefox',
    headless: true,
    timeout: stepHangsMs,
    protocolTimeout: stepHangsMs,
    // A small window, which keeps its size: each frame is painted by the processor.
    args: ['--width=500', '--height=400'],
    defaultViewport: null,
    // Without a report of every request to the test, which takes a quarter of the time. See statusAt.
    networkEnabled: false,
    extraPrefsFirefox: {
      'network.dns.localDomains': foreignHosts.join(','),
      // Processes that it starts for pages to come, which take a third of its time.
      'dom.ipc.processPrelaunch.enabled': false,
      // One process for all pages: puppeteer turns off their isolation from each other anyway.
      'dom.ipc.processCount': 1,
      // Without animations in the tabs, which would be painted repeatedly.
      'ui.prefersReducedMotion': 1,
    },
  });
}
