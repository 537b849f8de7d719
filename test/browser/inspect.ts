import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

export const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 800 };

const { resolve } = createRequire(createRequire(import.meta.url).resolve('@axe-core/playwright'));
const axeSource = readFileSync(resolve('axe-core/axe.min.js'), 'utf8');

/** What of axe is used in the page. */
interface Axe {
  run(
    context: Document,
    options: object,
  ): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/**
 * What is wrong with a page that is shown at a phone's width, in light: by every rule of axe, by its colours once more
 * in dark, and by scrolling sideways there and on a desk. axe is loaded once, and tells of nothing but faults:
 * that is half the time.
 */
export async function faultsOf(
  page: Page,
  what: string,
  { styled = true }: { styled?: boolean } = {},
): Promise<string[]> {
  await page.evaluate(axeSource);
  const light = await violations(page, null);
  await page.emulateMedia({ colorScheme: 'dark' });
  // Of a page without a style sheet axe takes the ground to be white, which a browser does not make it.
  const dark = styled ? await violations(page, ['color-contrast']) : [];
  await page.emulateMedia({ colorScheme: 'light' });
  const onPhone = await tooWide(page);
  // A table is laid out in another way there; what else fits on a phone fits on a desk.
  const onDesk = (await page.locator('table').count()) > 0 && (await tooWideOnDesk(page));
  return [
    ...light.map((fault) => `${what}, light: ${fault}`),
    ...dark.map((fault) => `${what}, dark: ${fault}`),
    ...(onPhone ? [`${what} scrolls sideways on a phone`] : []),
    ...(onDesk ? [`${what} scrolls sideways on a desk`] : []),
  ];
}

async function violations(page: Page, rules: string[] | null): Promise<string[]> {
  return await page.evaluate(async (only) => {
    const { axe } = window as unknown as { axe: Axe };
    const found = await axe.run(document, {
      resultTypes: ['violations'],
      ...(only !== null && { runOnly: { type: 'rule', values: only } }),
    });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }, rules);
}

async function tooWideOnDesk(page: Page): Promise<boolean> {
  await page.setViewportSize(desk);
  const wide = await tooWide(page);
  await page.setViewportSize(phone);
  return wide;
}

async function tooWide(page: Page): Promise<boolean> {
  return await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
}

/** Shows everything that a page's script would show at one time or another, with words where it would put some. */
export async function showAll(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const element of document.querySelectorAll('main [hidden]')) element.removeAttribute('hidden');
    for (const element of document.querySelectorAll('main [data-say]')) element.textContent = 'Words';
  });
}

/** Sends a form as a page of the web app would, and waits for the page that comes of it. */
export async function post(page: Page, path: string, fields: Record<string, string> = {}): Promise<void> {
  await Promise.all([
    page.waitForEvent('domcontentloaded'),
    page.evaluate(
      ([action, values]) => {
        const form = document.createElement('form');
        Object.assign(form, { method: 'post', action });
        for (const [name, value] of Object.entries(values)) {
          form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
        }
        document.body.append(form);
        form.submit();
      },
      [path, fields] as const,
    ),
  ]);
  await page.waitForLoadState('load');
}
