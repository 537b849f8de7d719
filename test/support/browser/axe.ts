import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

export const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 800 };

/** Three screens of a laptop. Pixels. */
const maxHeight = 3 * desk.height;

/** Characters. */
const maxPageSize = 100_000;

/** A small phone, a phone, a phone and a desk at 200 % zoom. */
const narrowWidths = [320, phone.width, phone.width / 2, desk.width / 2];

const { resolve } = createRequire(createRequire(import.meta.url).resolve('@axe-core/playwright'));
const axeSource = readFileSync(resolve('axe-core/axe.min.js'), 'utf8');

/** The part of axe that is used in the page. */
interface Axe {
  run(
    context: Document,
    options: object,
  ): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/**
 * The problems of a page at the width of a phone, in light mode: by every rule of axe, by its color rules once more
 * in dark mode, with all its details open, and by horizontal scrolling there, on smaller screens and on a desktop, with its own and with the longest
 * values; by its size, its style sheets and, except for `long` ones, its height on a laptop. axe is loaded once, and reports
 * only violations: that halves the time.
 */
export async function faultsOf(
  page: Page,
  what: string,
  { styled = true, long = false }: { styled?: boolean; long?: boolean } = {},
): Promise<string[]> {
  const size = await sizeOf(page);
  // The pages to come get it while they load: sending it to each takes a third of the time.
  if (!(await page.evaluate(() => 'axe' in window))) {
    await page.addInitScript({ content: axeSource });
    await page.evaluate(axeSource);
  }
  // What is folded has no width and no colors.
  await page.evaluate(() => {
    for (const each of document.querySelectorAll('details')) each.open = true;
  });
  const light = await violations(page, null);
  await page.emulateMedia({ colorScheme: 'dark' });
  // For a page without a style sheet, axe assumes a white background, which browsers do not paint.
  const dark = styled ? await violations(page, ['color-contrast']) : [];
  await page.emulateMedia({ colorScheme: 'light' });
  const wide: string[] = [];
  for (const width of styled ? [...narrowWidths, desk.width] : []) {
    await page.setViewportSize({ ...phone, width });
    const reason = await sideways(page);
    if (reason !== null) wide.push(`at ${width} px ${reason}`);
  }
  await page.setViewportSize(phone);
  return [
    ...(long || size.height <= maxHeight ? [] : [`${what} is ${size.height} px long`]),
    ...(size.characters <= maxPageSize ? [] : [`${what} has ${size.characters} characters`]),
    ...(size.styleSheets <= 1 ? [] : [`${what} has ${size.styleSheets} style sheets`]),
    ...light.map((fault) => `${what}, light: ${fault}`),
    ...dark.map((fault) => `${what}, dark: ${fault}`),
    ...wide.map((fault) => `${what} scrolls sideways ${fault}`),
  ];
}

/** As the page is served, on a laptop. */
async function sizeOf(page: Page): Promise<{ height: number; characters: number; styleSheets: number }> {
  await page.setViewportSize(desk);
  const size = await page.evaluate(() => ({
    height: document.documentElement.scrollHeight,
    characters: document.documentElement.outerHTML.length,
    styleSheets: document.styleSheets.length,
  }));
  await page.setViewportSize(phone);
  return size;
}

async function violations(page: Page, rules: string[] | null): Promise<string[]> {
  return await page.evaluate(async (only) => {
    const { axe } = window as unknown as { axe: Axe };
    const found = await axe.run(document, {
      reporter: 'no-passes',
      // No rule looks at style sheets or media themselves.
      preload: false,
      ...(only !== null && { runOnly: { type: 'rule', values: only } }),
    });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }, rules);
}

/**
 * Why a page scrolls horizontally, or null: as it is, or with every text of its content as long as a name or an account can
 * be, which is undone before anything is painted.
 */
async function sideways(page: Page): Promise<string | null> {
  return await page.evaluate(() => {
    const root = document.documentElement;
    const excess = () => root.scrollWidth - root.clientWidth;
    const widest = () =>
      [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1)
        .map(({ tagName, className }) => `${tagName}.${className}`)
        .slice(0, 4)
        .join(' ');
    if (excess() > 0) return `by ${excess()} px: ${widest()}`;
    const walker = document.createTreeWalker(
      document.querySelector('main') ?? document.body,
      NodeFilter.SHOW_TEXT,
    );
    const before: [Text, string][] = [];
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const text = node as Text;
      const parent = text.parentElement;
      if (text.data.trim() === '' || parent === null || parent.closest('select, script, svg, textarea'))
        continue;
      // Only fixed texts are kept on one line, on the copy buttons too.
      if (getComputedStyle(parent).whiteSpace === 'nowrap' || parent.closest('.copy')) continue;
      before.push([text, text.data]);
    }
    for (const [text] of before) text.data = 'W'.repeat(120);
    const reason = excess() > 0 ? `with long values by ${excess()} px: ${widest()}` : null;
    for (const [text, data] of before) text.data = data;
    return reason;
  });
}

/** Shows everything that the script of a page could show, with sample texts where it would insert some. */
export async function showAll(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const element of document.querySelectorAll('main [hidden]')) element.removeAttribute('hidden');
    for (const element of document.querySelectorAll('main [data-text]')) element.textContent = 'Words';
  });
}

/** Submits a form like a page of the web app, and waits for the resulting page. */
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
