import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Frame, Page } from 'playwright-core';

export const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 800 };

/** Three screens of a laptop. Pixels. */
const maxHeight = 3 * desk.height;

/** Characters. */
const maxPageSize = 100_000;

/** A desk, a desk and a phone at 200 % zoom, a small phone and a phone. */
const widths = [desk.width, desk.width / 2, phone.width / 2, 320, phone.width];

const { resolve } = createRequire(createRequire(import.meta.url).resolve('@axe-core/playwright'));
const axeSource = readFileSync(resolve('axe-core/axe.min.js'), 'utf8');

/** The part of axe that is used in the page. */
interface Axe {
  run(
    context: Document | { include: Element[] },
    options: object,
  ): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/**
 * The problems of a page at the width of a phone, in light mode: every rule of axe, its color rules once more in dark mode with
 * all details open, horizontal scrolling there, on smaller screens and on a desktop, with its own values and the longest ones,
 * its size, its style sheets and, except for `long` pages, its height on a laptop.
 *
 * Waits until the page is loaded, and inspects a copy in a frame of another tab. axe stays loaded and compiled there, which saves two thirds of its time, and the
 * page itself stays unchanged.
 */
export async function faultsOf(
  page: Page,
  what: string,
  { styled = true, long = false }: { styled?: boolean; long?: boolean } = {},
): Promise<string[]> {
  await page.waitForLoadState();
  const copy = await page.evaluate(copyOfPage);
  const frame = await inspectionFrame(page);
  const tab = frame.page();
  await tab.emulateMedia({ colorScheme: 'light' });
  const height = await frame.evaluate(showCopy, { ...copy, width: desk.width });
  const wide = await frame.evaluate(sideways, { widths: styled ? widths : [], last: phone.width });
  const light = await frame.evaluate(violations, inLight);
  let dark: string[] = [];
  // For a page without a style sheet, axe assumes a white background, which browsers do not paint.
  if (styled) {
    await tab.emulateMedia({ colorScheme: 'dark' });
    dark = await frame.evaluate(violations, inDark);
  }
  return [
    ...(long || height <= maxHeight ? [] : [`${what} is ${height} px long`]),
    ...(copy.characters <= maxPageSize ? [] : [`${what} has ${copy.characters} characters`]),
    ...(copy.styleSheets <= 1 ? [] : [`${what} has ${copy.styleSheets} style sheets`]),
    ...light.map((fault) => `${what}, light: ${fault}`),
    ...dark.map((fault) => `${what}, dark: ${fault}`),
    ...wide.map((fault) => `${what} scrolls sideways ${fault}`),
  ];
}

/** By origin, which decides what a page may load. */
const frames = new Map<string, Frame>();

/**
 * The frame for copies of the pages of this origin, with axe. It is to the left of what its tab shows: no size that it gets is painted, and
 * a script changes its size, which takes no command to the browser.
 */
async function inspectionFrame(page: Page): Promise<Frame> {
  const { origin } = new URL(page.url());
  const open = frames.get(origin);
  if (open?.page().isClosed() === false) return open;
  const tab = await page.context().newPage();
  const url = `${origin}/copy-of-a-page`;
  // No page of the web app may parse HTML in a script.
  const headers = { 'content-security-policy': "default-src 'self'" };
  await tab.route(`${url}*`, (route) =>
    route.fulfill({ contentType: 'text/html', headers, body: '<!doctype html><title>Copy</title>' }),
  );
  await tab.goto(url);
  const element = await tab.evaluateHandle((src) => {
    const box = Object.assign(document.createElement('iframe'), { src });
    Object.assign(box.style, { position: 'absolute', left: '-5000px', border: '0', height: '844px' });
    document.body.append(box);
    return new Promise<HTMLIFrameElement>((resolve) => box.addEventListener('load', () => resolve(box)));
  }, `${url}-in-a-frame`);
  const frame = await element.contentFrame();
  if (frame === null) throw new Error('unreachable');
  frames.set(origin, frame);
  await frame.evaluate(axeSource);
  return frame;
}

interface Rules {
  scheme: 'light' | 'dark';
  /** Whether the rules that are not about colors are checked too. */
  others: boolean;
}

const inLight: Rules = { scheme: 'light', others: true };
const inDark: Rules = { scheme: 'dark', others: false };

interface Copy {
  html: string;
  characters: number;
  styleSheets: number;
}

/** Runs in the page. Returns it as it is now, without its scripts. */
function copyOfPage(): Copy {
  const root = document.documentElement;
  const clone = root.cloneNode(true) as HTMLElement;
  for (const script of clone.querySelectorAll('script, noscript')) script.remove();
  // The text of a clone has what was served, not what was entered.
  for (const input of clone.querySelectorAll('input')) {
    input.toggleAttribute('checked', input.checked);
    if (input.type !== 'file') input.setAttribute('value', input.value);
  }
  const { length: characters } = root.outerHTML;
  return { html: clone.outerHTML, characters, styleSheets: document.styleSheets.length };
}

/** Runs in the frame. Shows a copy with all its details open, and returns its height as it was. */
async function showCopy({ html, width }: Copy & { width: number }): Promise<number> {
  (frameElement as HTMLElement).style.width = `${width}px`;
  const copy = new DOMParser().parseFromString(html, 'text/html');
  const root = document.documentElement;
  for (const { name } of [...root.attributes]) root.removeAttribute(name);
  for (const { name, value } of copy.documentElement.attributes) root.setAttribute(name, value);
  const sheets = (head: HTMLHeadElement) => [
    ...head.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]'),
  ];
  const once = (link: HTMLLinkElement, name: string) =>
    new Promise((resolve) => link.addEventListener(name, resolve));
  // The same style sheet stays where it is: it would be loaded again.
  const kept = new Map(sheets(document.head).map((link) => [link.href, link]));
  const loaded: Promise<unknown>[] = [];
  for (const link of sheets(copy.head)) {
    if (kept.delete(link.href)) link.remove();
    // It is missing where the page has no style sheet.
    else loaded.push(Promise.race(['load', 'error'].map((name) => once(link, name))));
  }
  for (const node of document.head.querySelectorAll(':not(link[rel=stylesheet])')) node.remove();
  for (const link of kept.values()) link.remove();
  document.head.append(...copy.head.childNodes);
  document.body.replaceWith(copy.body);
  await Promise.all(loaded);
  const height = root.scrollHeight;
  // Folded content has no width and no colors.
  for (const each of document.querySelectorAll('details')) each.open = true;
  return height;
}

/**
 * Runs in the frame. Colors are checked where an element has others than all that were checked before in this color scheme, or is
 * another kind of element: most pages have the same ones, and their rule takes half the time of axe.
 */
async function violations({ scheme, others }: Rules): Promise<string[]> {
  const own = window as unknown as { axe: Axe; colors?: Record<'light' | 'dark', Set<string>> };
  own.colors ??= { light: new Set(), dark: new Set() };
  const seen = own.colors[scheme];
  const before = new Set(seen);
  const withNewLook: Element[] = [];
  const looks = new Map<Element, string>();
  /** How an element is different from plain text on a page: its background, and that of all that it is in. */
  const lookOf = (element: Element): string => {
    const known = looks.get(element);
    if (known !== undefined) return known;
    const { backgroundColor, backgroundImage, opacity, position, zIndex } = getComputedStyle(element);
    const look = [
      element.parentElement === null ? '' : lookOf(element.parentElement),
      backgroundColor === 'rgba(0, 0, 0, 0)' ? '' : backgroundColor,
      backgroundImage === 'none' ? '' : backgroundImage,
      opacity === '1' ? '' : opacity,
      position === 'static' ? '' : `${position}${zIndex}`,
      element.matches(':disabled, [aria-disabled=true], [inert], [aria-hidden=true]') ? 'unused' : '',
    ].join('');
    looks.set(element, look);
    return look;
  };
  for (const element of document.body.querySelectorAll('*')) {
    const hasText = [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim() !== '',
    );
    if (!(hasText || element.matches('input, textarea')) || !element.checkVisibility()) continue;
    const { color, fontSize, fontWeight, textShadow, visibility } = getComputedStyle(element);
    const unused = (element.closest('label')?.control as { disabled?: boolean } | null)?.disabled === true;
    const { tagName, className } = element;
    const look = [
      lookOf(element),
      tagName,
      className,
      color,
      fontSize,
      fontWeight,
      textShadow,
      visibility,
      unused,
    ].join();
    if (before.has(look)) continue;
    seen.add(look);
    withNewLook.push(element);
  }
  const colors = 'color-contrast';
  const options = {
    reporter: 'no-passes',
    // No rule checks style sheets or media themselves.
    preload: false,
  };
  const found = [
    ...(others ? [await own.axe.run(document, { ...options, rules: { [colors]: { enabled: false } } })] : []),
    ...(withNewLook.length > 0
      ? [await own.axe.run({ include: withNewLook }, { ...options, runOnly: [colors] })]
      : []),
  ];
  return found.flatMap(({ violations }) =>
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
  );
}

/**
 * Runs in the frame. Why the copy scrolls horizontally at some of these widths: as it is, or with every text of its content as long
 * as a name or an account can be, which is undone before anything is painted. Leaves it at the last width.
 */
function sideways({ widths, last }: { widths: number[]; last: number }): string[] {
  const box = frameElement as HTMLElement;
  const root = document.documentElement;
  const excess = () => root.scrollWidth - root.clientWidth;
  const widest = () =>
    [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1)
      .map(({ tagName, className }) => `${tagName}.${className}`)
      .slice(0, 4)
      .join(' ');
  const atThisWidth = (): string | null => {
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
  };
  const reasons: string[] = [];
  for (const width of widths) {
    box.style.width = `${width}px`;
    const reason = atThisWidth();
    if (reason !== null) reasons.push(`at ${width} px ${reason}`);
  }
  box.style.width = `${last}px`;
  return reasons;
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
