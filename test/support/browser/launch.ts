import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { stepHangsMs } from '../hang-limits.ts';
import { packagedChromium } from './packaged-chromium.ts';

/** The paths where Chrome, Edge and Chromium are installed. */
const installed = [
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/snap/bin/chromium',
  '/usr/bin/microsoft-edge',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ...['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((variable) => {
    const folder = process.env[variable];
    return folder === undefined
      ? []
      : [
          `${folder}\\Google\\Chrome\\Application\\chrome.exe`,
          `${folder}\\Microsoft\\Edge\\Application\\msedge.exe`,
        ];
  }),
];

/**
 * A real browser: the one that `CHROME_PATH` names, an installed one, or else the one from npm.
 * Throws if none starts: without a browser the test fails.
 */
export async function launchBrowser(): Promise<Browser> {
  const options = { executablePath: await chromiumPath(), args: chromiumArguments() };
  return await chromium.launch({ ...options, timeout: stepHangsMs });
}

export async function chromiumPath(): Promise<string> {
  const installedOne = process.env.CHROME_PATH ?? installed.find((path) => existsSync(path));
  return installedOne ?? (await packagedChromium());
}

/**
 * Chromium refuses to run its sandbox for root, as in a container. The arguments that the packaged one recommends are not used:
 * they turn off the protections that are tested here.
 */
export function chromiumArguments(): string[] {
  // At the limit, which sites of different owners may exceed, Chromium starts no process for pages to come.
  return [
    '--disable-gpu',
    '--renderer-process-limit=1',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
}
