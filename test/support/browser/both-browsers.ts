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

/** Starts one of the two, with the same interface. `hosts` are names that resolve to this machine. */
export async function launchOneOf(name: BrowserName, hosts: string[] = []): Promise<Browser> {
  if (name === 'Chromium') {
    const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',');
    return await launch({
      executablePath: await chromiumPath(),
      headless: 'shell',
      args: [...chromiumArguments(), ...(rules === '' ? [] : [`--host-resolver-rules=${rules}`])],
    });
  }
  return await launch({
    browser: 'firefox',
    executablePath: firefoxPath ?? 'firefox',
    headless: true,
    extraPrefsFirefox: { 'network.dns.localDomains': hosts.join(',') },
  });
}
