import type { Browser, BrowserContext, Page } from 'puppeteer-core';
import { expect, it, onTestFinished } from 'vitest';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { createSignInLink } from '../../src/vault/sign-in/start-sign-in.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { foreignHosts, openPage } from '../support/browser/both-browsers.ts';
import { listening } from '../support/browser/foreign-server.ts';
import {
  mainText,
  type Program,
  press,
  runProgram,
  signInAtWebex,
  statusAt,
  untilHeading,
} from '../support/browser/serve-process.ts';
import { stepHangsMs } from '../support/hang-limits.ts';
import { actor } from '../support/vault/test-vault.ts';

const [evil, lookAlike] = foreignHosts;

/** Everything in the store that a hostile page could have added or read. */
async function contents({ vault: { db } }: Program): Promise<unknown> {
  const of = (table: 'profile' | 'token' | 'client') =>
    db.selectFrom(table).select('id').orderBy('id').execute();
  const reads = await db.selectFrom('audit').select('action').where('action', '=', 'read').execute();
  return [await of('profile'), await of('token'), await of('client'), reads];
}

/** What a page of another origin can do to the web app in this browser. */
export function testHostilePages(browser: () => Browser): void {
  async function profile(): Promise<BrowserContext> {
    const context = await browser().createBrowserContext();
    onTestFinished(() => context.close());
    return context;
  }

  /** A person with an authenticated session and a token of "acme". */
  async function person(): Promise<{ program: Program; context: BrowserContext; page: Page }> {
    const program = await runProgram();
    await importToken(program.vault, { profile: 'acme' }, 'fake-token-for-acme-1', actor);
    const context = await profile();
    const page = await openPage(context);
    await page.goto(program.origin + (await program.entry()));
    return { program, context, page };
  }

  it('reaches nothing after DNS rebinding or under similar names', async () => {
    const { program, page } = await person();
    const before = await contents(program);
    const { port } = new URL(program.origin);
    const { accessToken } = program.simulator.issueToken('full-admin');
    for (const host of [evil, lookAlike, 'localhost.', '0.0.0.0']) {
      const status = await statusAt(page, `http://${host}:${port}/profiles/acme`).catch(() => null);
      // Some browsers open none of the last ones.
      if (status === null && host === '0.0.0.0') continue;
      expect(status, host).toBe(421);
      expect(await page.content(), host).not.toContain('fake-token');
      // Like the page of an attacker from before the name pointed to this machine.
      const got = await page.evaluate(askAll, accessToken);
      expect(new Set(got.map(({ status }) => status)), host).toEqual(new Set([421]));
      expect(
        got.filter(({ text }) => /acme|access_token/.test(text)).map(({ path }) => path),
        host,
      ).toEqual([]);
    }
    expect(await contents(program)).toEqual(before);
    // Browsers send host names in lower case: it is the same host.
    await page.goto(`http://LOCALHOST:${port}/profiles/acme`);
    expect(await mainText(page)).toContain('acme');
  });

  it('reads and changes nothing from another port of localhost', async () => {
    const { program, context, page } = await person();
    const before = await contents(program);
    const attacker = await listening((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Attacker</title>');
    });
    const attack = await openPage(context);
    await attack.goto(attacker.origin);
    const fragment = await attackersResponse(program);
    const got = await attack.evaluate(attackFromAnotherPort, program.origin, fragment);
    expect(got.read).toEqual([]);
    expect(got.loaded).toEqual([]);
    expect(got.messages).toEqual([]);
    expect(got.framesRead).toEqual([]);
    // Like a form that opens the page in the attacker's window.
    for (const [path, type, body] of [
      ['/auth/code', 'text/plain', { [`{"fragment":${JSON.stringify(fragment)},"x":"`]: '"}' }],
      ['/auth/code', 'application/x-www-form-urlencoded', { fragment }],
      ['/import', 'application/x-www-form-urlencoded', { name: 'evil', text: 'fake-token-of-evil-1' }],
      ['/import', 'multipart/form-data', { name: 'evil', text: 'fake-token-of-evil-1' }],
      ['/profiles/acme/remove', 'application/x-www-form-urlencoded', {}],
      ['/profiles/acme/token', 'application/x-www-form-urlencoded', {}],
    ] as const) {
      const tab = await openPage(context);
      await tab.goto(attacker.origin);
      program.answers.length = 0;
      // Some browsers never report the end of a navigation of this kind.
      void tab.evaluate(sendForm, program.origin + path, type, body).catch(() => {});
      await expect.poll(() => program.answers).toContain(`POST ${path} 403`);
      // The tab stays: Firefox hangs now and then if one is closed while it loads a page, as its viewer of JSON does here.
    }
    expect(await contents(program)).toEqual(before);
    await page.reload();
    expect(await mainText(page)).toContain('acme');
  });

  it('has no control over a window that it opens', async () => {
    const { program, context } = await person();
    const attacker = await listening((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Attacker</title>');
    });
    const attack = await openPage(context);
    await attack.goto(attacker.origin);
    for (const path of ['/auth/code#access_token=fake-bait&state=x', '/profiles/acme']) {
      const opened = new Promise<Page | null>((resolve) => attack.once('popup', resolve));
      await attack.evaluate((url) => {
        (globalThis as { opened?: Window | null }).opened = window.open(url, 'opened');
      }, program.origin + path);
      const popup = await opened;
      if (popup === null) throw new Error('no window was opened');
      popup.setDefaultTimeout(stepHangsMs);
      await popup.waitForFunction(() => document.querySelector('main') !== null);
      expect(await popup.evaluate(() => [window.opener, window.name])).toEqual([null, '']);
      const isClosed = () => attack.evaluate(() => (globalThis as { opened?: Window }).opened?.closed);
      await expect.poll(isClosed).toBe(true);
      await popup.close();
    }
  });

  it('locks no one out with cookies of another port, or the app says what to do', async () => {
    const { program, context, page } = await person();
    const { port } = new URL(program.origin);
    const own = `broker-${port}`;
    const attacker = await listening((request, response) => {
      const cookies = request.url === '/toss' ? [`${own}=tossed; Path=/`] : [];
      response.setHeader('set-cookie', cookies).setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>Attacker</title>');
    });
    const attack = await openPage(context);
    await attack.goto(attacker.origin);
    // A script cannot replace the session cookie, but it can put others before it.
    const paths = ['/', '/profiles', '/profiles/acme', '/sign-in'];
    await attack.evaluate(
      setCookies,
      paths.flatMap((path) => [`${own}=tossed; Path=${path}`, `${own}=s%3Atossed.tossed; Path=${path}`]),
    );
    await page.bringToFront();
    for (const path of ['/', '/profiles/acme', '/sign-in']) {
      expect(await statusAt(page, program.origin + path), path).toBe(200);
    }
    await page.type('#name', 'Globex');
    await press(page, 'Sign in to Webex');
    await signInAtWebex(page, 'Globex');

    // Another server can replace it: the page reports that, and a new link opens the app again.
    await attack.goto(`${attacker.origin}/toss`);
    expect(await statusAt(page, program.origin)).toBe(403);
    expect(await mainText(page)).toContain('webex-token open');
    await page.goto(program.origin + (await program.entry()));
    expect(await statusAt(page, `${program.origin}/profiles/acme`)).toBe(200);

    const flood = Array.from({ length: 10 }, (_, at) => `flood-${at}=${'x'.repeat(3_000)}; Path=/`);
    await attack.evaluate(setCookies, flood);
    // The browser stores the cookies of a script later: until then, no server finds the headers too large.
    await expect.poll(() => statusAt(attack, attacker.origin)).toBe(431);
    expect(await statusAt(page, program.origin)).toBe(431);
    expect(await page.evaluate(() => document.body.innerText)).toContain('cookies that other programs');
  });

  it('cannot make the browser post a response, or end a sign-in', async () => {
    const { program, context, page } = await person();
    await page.goto(`${program.origin}/sign-in`);
    await page.type('#name', 'Globex');
    await press(page, 'Sign in to Webex');
    await page.waitForSelector('button[value=full-admin]');

    const attacker = await listening((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Attacker</title>');
    });
    const attack = await openPage(context);
    for (const from of [attacker.origin, `http://${evil}:${attacker.port}`]) {
      await attack.goto(from);
      const url = `${program.origin}/auth/code${await attackersResponse(program)}`;
      await attack.evaluate((to) => void location.assign(to), url);
      await untilHeading(attack, 'Sign-in of another window');
      expect(await attack.evaluate(() => location.hash)).toBe('');
      await attack.goto(from);
      await attack.evaluate((to) => {
        const frame = document.createElement('iframe');
        frame.src = to;
        document.body.append(frame);
        return new Promise((resolve) => frame.addEventListener('load', resolve));
      }, url);
    }
    expect(await program.vault.db.selectFrom('profile').select('name').execute()).toEqual([{ name: 'acme' }]);
    await signInAtWebex(page, 'Globex');
    const { token } = await readToken(program.vault, 'globex', actor);
    expect(token.account?.email).toBe('ada.nakamura@acme.example');
  });
}

/** The response to a sign-in of the attacker at the same program: everything is right except the browser. */
async function attackersResponse({ origin, vault, simulator }: Program): Promise<string> {
  const { link } = await createSignInLink(vault, { profile: 'evil' });
  const started = await fetch(`${origin}/sign-in/${link}`, { redirect: 'manual' });
  const state = new URL(started.headers.get('location') ?? '').searchParams.get('state');
  const { accessToken } = simulator.issueToken('other-organization');
  return `#access_token=${accessToken}&token_type=Bearer&expires_in=3887999&state=${state}`;
}

/** Runs in a page: requests everything that its own origin could have. */
async function askAll(token: string): Promise<{ path: string; status: number; text: string }[]> {
  const json = { 'Content-Type': 'application/json' };
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const asked: [string, RequestInit?][] = [
    ['/'],
    ['/profiles/acme'],
    ['/auth/code'],
    ['/healthz'],
    ['/metrics'],
    ['/instance?challenge=0123456789abcdef'],
    ['/.well-known/oauth-authorization-server'],
    ['/assets/style.css'],
    ['/service-worker/x'],
    [
      '/auth/code',
      { method: 'POST', headers: json, body: JSON.stringify({ fragment: `#access_token=${token}` }) },
    ],
    ['/import', { method: 'POST', headers: form, body: `name=evil&text=${token}` }],
    ['/profiles/acme/token', { method: 'POST', headers: form, body: '' }],
    ['/oauth/token', { method: 'POST', headers: form, body: 'grant_type=client_credentials' }],
  ];
  return await Promise.all(
    asked.map(async ([path, init]) => {
      const answer = await fetch(path, init);
      return { path, status: answer.status, text: (await answer.text()).slice(0, 10_000) };
    }),
  );
}

/** Runs in a page of another port: everything that needs no click. Returns what it could read or load. */
async function attackFromAnotherPort(
  app: string,
  fragment: string,
): Promise<{ read: string[]; loaded: string[]; messages: string[]; framesRead: string[] }> {
  const messages: string[] = [];
  addEventListener('message', ({ data }) => messages.push(JSON.stringify(data)));
  const read: string[] = [];
  const urlencoded = 'application/x-www-form-urlencoded';
  const json = JSON.stringify({ fragment });
  const gets = [
    '/',
    '/profiles/acme',
    '/audit-log',
    '/auth/code',
    '/healthz',
    '/metrics',
    '/service-worker/x',
    '/oauth/token',
  ];
  const posts: [string, string, string][] = [
    ['/auth/code', 'application/json', json],
    ['/auth/code', 'text/plain', json],
    ['/auth/code', `${urlencoded}`, new URLSearchParams({ fragment }).toString()],
    ['/import', urlencoded, 'name=evil&text=fake-token-of-evil-1'],
    ['/import', 'text/plain', 'name=evil&text=fake-token-of-evil-1'],
    ['/profiles/acme/token', urlencoded, ''],
    ['/profiles/acme/remove', urlencoded, ''],
    ['/clients', urlencoded, 'name=evil&profiles=acme'],
    ['/clear-site-data/x', 'text/plain', ''],
  ];
  const asked: [string, RequestInit][] = [
    ...gets.map((path): [string, RequestInit] => [path, {}]),
    ...posts.map(([path, type, body]): [string, RequestInit] => [
      path,
      { method: 'POST', headers: { 'Content-Type': type }, body },
    ]),
  ];
  for (const [path, init] of asked) {
    for (const mode of ['cors', 'no-cors'] as const) {
      const answer = await fetch(app + path, { ...init, mode, credentials: 'include' }).catch(() => null);
      const text = (await answer?.text().catch(() => '')) ?? '';
      if (answer?.type !== undefined && answer.type !== 'opaque') read.push(`${mode} ${path} ${text}`);
      else if (text !== '') read.push(`${mode} ${path} ${text}`);
    }
  }
  const ended = (element: HTMLElement) =>
    new Promise<boolean>((resolve) => {
      element.addEventListener('load', () => resolve(true));
      element.addEventListener('error', () => resolve(false));
      document.body.append(element);
    });
  const loaded: string[] = [];
  for (const [tag, properties] of [
    ['script', { src: `${app}/assets/capture.js` }],
    ['link', { rel: 'stylesheet', href: `${app}/assets/style.css` }],
    ['img', { src: `${app}/assets/favicon.svg` }],
  ] as const) {
    if (await ended(Object.assign(document.createElement(tag), properties))) loaded.push(tag);
  }
  const framesRead: string[] = [];
  for (const path of ['/', '/sign-in', `/auth/code${fragment}`, '/service-worker/x']) {
    const frame = Object.assign(document.createElement('iframe'), { src: app + path });
    await ended(frame);
    try {
      const text = frame.contentDocument?.body.innerText ?? '';
      if (text !== '') framesRead.push(text);
    } catch {
      // The document of another origin.
    }
  }
  return { read, loaded, messages, framesRead };
}

/** Runs in a page. */
function setCookies(cookies: string[]): void {
  for (const cookie of cookies) {
    // biome-ignore lint/suspicious/noDocumentCookie: as an attacker would.
    document.cookie = cookie;
  }
}

/** Runs in a page: a form that submits itself. */
function sendForm(action: string, enctype: string, fields: Record<string, string>): void {
  const form = Object.assign(document.createElement('form'), { method: 'post', action, enctype });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
  }
  document.body.append(form);
  form.submit();
}
