import { existsSync } from 'node:fs';
import { type Browser, launch } from 'puppeteer-core';
import { describe } from 'vitest';
import { chromiumArguments, chromiumPath } from './launch.ts';

export type BrowserName = 'Chromium' | 'Firefox';

const firefoxPaths = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/snap/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
  'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
];

const firefoxPath = process.env.FIREFOX_PATH ?? firefoxPaths.find((path) => existsSync(path));

/**
 * Runs tests of browser-specific behavior in both browsers. Without Firefox its half is skipped, and the title says
 * what is missing.
 */
export function inBothBrowsers(tests: (name: BrowserName) => void): void {
  describe('Chromium', () => tests('Chromium'));
  const missing = firefoxPath === undefined;
  const title = missing ? 'Firefox (not installed: firefox-esr, or FIREFOX_PATH)' : 'Firefox';
  describe.skipIf(missing)(title, () => tests('Firefox'));
}

/** Names that resolve to this machine, for pages that are not the program's. */
export const foreignHosts = ['evil.example', 'localhost.evil.example', 'localhost.'] as const;

/** Starts one of the two, with the same interface. */
export async function launchOneOf(name: BrowserName): Promise<Browser> {
  return await (name === 'Chromium' ? launchChromium() : launchFirefox());
}

async function launchChromium(): Promise<Browser> {
  const rules = foreignHosts.map((host) => `MAP ${host} 127.0.0.1`).join(',');
  return await launch({
    executablePath: await chromiumPath(),
    headless: 'shell',
    args: [...chromiumArguments(), `--host-resolver-rules=${rules}`],
  });
}

async function launchFirefox(): Promise<Browser> {
  return await launch({
    browser: 'firefox',
    executablePath: firefoxPath ?? 'firefox',
    headless: true,
    extraPrefsFirefox: {
      'network.dns.localDomains': foreignHosts.join(','),
      // Processes that it starts for pages to come, which take a third of its time.
      'dom.ipc.processPrelaunch.enabled': false,
    },
  });
}
