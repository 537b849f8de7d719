import { existsSync } from 'node:fs';
import { type Browser, launch } from 'puppeteer-core';
import { chromiumArguments, chromiumPath } from './browser.ts';

export type BrowserName = 'Chromium' | 'Firefox';

const firefoxPaths = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/snap/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
  'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
];

const firefoxPath = process.env.FIREFOX_PATH ?? firefoxPaths.find((path) => existsSync(path));

/** For tests of what browsers do differently: both, or Chromium alone where there is no Firefox, which is said. */
export const browsers: BrowserName[] = firefoxPath === undefined ? ['Chromium'] : ['Chromium', 'Firefox'];
if (firefoxPath === undefined) {
  process.stderr.write('Firefox is not installed (firefox-esr, or FIREFOX_PATH): its tests are skipped.\n');
}

/** One of the two, driven in the same way. `hosts` are names that lead to this machine. */
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
