import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../test/support/browser/launch.ts';

/*
 * `npm run screenshots`: takes the screenshots in docs/ from the demonstration, in an installed browser. `--dark` takes them in
 * dark mode, `--width 390` as on a phone, and `--to FOLDER` saves them elsewhere.
 */
const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    to: { type: 'string', default: join(root, 'docs') },
    dark: { type: 'boolean', default: false },
    width: { type: 'string', default: '1000' },
  },
});

/** Starts the demonstration. Resolves to the one-time link to its web app. */
async function startDemonstration(): Promise<{ link: string; stop(): void }> {
  const demonstration = spawn(process.execPath, [join(root, 'src/demo/demo.ts'), '--no-open'], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const stop = () => void demonstration.kill();
  for await (const line of createInterface({ input: demonstration.stderr })) {
    const [link] = /http:\/\/localhost:\d+\/access\/\S+/.exec(line) ?? [];
    if (link === undefined) continue;
    demonstration.stderr.resume();
    return { link, stop };
  }
  throw new Error('The demonstration ended before it served the web app.');
}

async function take(page: Page, name: string): Promise<void> {
  // Removes the focus ring, which depends on the run.
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.screenshot({ path: join(values.to, `${name}.png`) });
}

const { link, stop } = await startDemonstration();
const browser = await launchBrowser();
try {
  const page = await browser.newPage({
    viewport: { width: Number(values.width), height: 900 },
    colorScheme: values.dark ? 'dark' : 'light',
  });
  await page.goto(link);
  const { origin } = new URL(link);
  await page.goto(`${origin}/sign-in`);
  await page.locator('#name').fill('Acme Corporation');
  await page.getByRole('button', { name: 'Sign in to Webex' }).click();
  await page.locator('button[value=full-admin]').click();
  await page.getByRole('heading', { name: /^Token saved for Acme Corporation/ }).waitFor();
  await take(page, 'captured');
  await page.goto(origin);
  await take(page, 'overview');
  await page.goto(`${origin}/profiles/acme-corporation/entra`);
  await take(page, 'provider');
} finally {
  await browser.close();
  stop();
}
