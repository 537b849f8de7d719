import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { calendarPieces } from '../../src/calendar/entries.ts';
import { readSettings } from '../../src/config/settings.ts';
import { startApiServer } from '../../src/server/api-server.ts';
import { simulatedAccounts } from '../../src/simulator/webex/organizations.ts';
import { appendAudit } from '../../src/store/audit/audit.ts';
import { escapeTerminalControls, stripTerminalControls } from '../../src/text/sanitize.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { createWebApp } from '../../src/web/app.ts';
import { startTarget } from '../support/attacks/attack-target.ts';
import { concrete, routesOf } from '../support/attacks/every-route.ts';
import { sendRaw } from '../support/attacks/raw-http.ts';
import { machine } from '../support/cli/cli-process.ts';
import { quietLog } from '../support/quiet-log.ts';
import { simulated } from '../support/test-simulator.ts';
import { newVault, noKeychain, today } from '../support/vault/test-vault.ts';
import { servedWithProviders } from '../support/web/with-providers.ts';

const esc = String.fromCharCode(27);
const csi = String.fromCharCode(0x9b);
const reversed = String.fromCharCode(0x202e);
const bell = String.fromCharCode(7);

/** A malicious name from Webex. */
const hostile = `Eve\r\nX-Injected: yes\r\n\r\n${esc}]0;owned${bell}${esc}[2J${csi}31m${reversed}<script>alert(1)</script>`;

/** No control characters except line breaks and tabs, and none that change the text direction. */
const steering = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** A simulated Webex where the full administrator has such a name and such mail addresses. */
function hostileWebex(now?: () => number) {
  const accounts = simulatedAccounts.map((account) =>
    account.name === 'full-admin'
      ? {
          ...account,
          firstName: hostile,
          lastName: reversed,
          email: `eve@acme.example\r\nBcc: all@acme.example`,
        }
      : account,
  );
  return simulated({ accounts, ...(now && { now }) });
}

describe('a name from Webex', () => {
  it('is one harmless line on every page, in the calendar and in the metrics', async () => {
    const simulator = await hostileWebex(() => today);
    const vault = await newVault(simulator);
    const web = await servedWithProviders({ ...vault.settings });
    const { accessToken } = simulator.issueToken('full-admin');
    const person = await web.person();
    await person.post('/import').type('form').send({ name: 'acme', text: accessToken }).expect(303);
    await web.idle();
    const { account } = await web.vault.db
      .selectFrom('token')
      .select(['account_name as account'])
      .executeTakeFirstOrThrow();
    expect(account).toMatch(/^Eve X-Injected: yes/);
    expect(account).not.toMatch(steering);
    for (const path of ['/', '/profiles/acme', '/audit-log', '/reminders']) {
      const { text } = await person.get(path).expect(200);
      expect(text).not.toMatch(steering);
      expect(text).not.toContain('<script>alert');
    }
    const lines: string[] = [];
    for await (const piece of calendarPieces(web.vault)) lines.push(...piece.split('\r\n'));
    for (const line of lines) expect(line).toMatch(/^$|^ |^[A-Z-]+(;[^:]*)?:/);
    expect(lines.join('\n')).not.toMatch(steering);
    expect(lines.filter((line) => /^(X-INJECTED|BCC)/i.test(line))).toEqual([]);
  });

  it('is harmless in the terminal, even if an older version stored it unchanged', async () => {
    const simulator = await hostileWebex();
    const here = await machine(simulator);
    const { accessToken } = simulator.issueToken('full-admin');
    expect(await here.run(['import', 'acme'], accessToken)).toMatchObject({ code: 0 });
    const settings = readSettings({ WEBEX_TOKEN_HOME: here.home });
    const vault = await openVault(settings, { keychain: noKeychain });
    await vault.db.updateTable('token').set({ account_name: hostile, account_email: null }).execute();
    await vault.db.transaction().execute((trx) =>
      appendAudit(trx, Date.now(), {
        action: 'read',
        outcome: hostile,
        profile: hostile,
        client: hostile,
        address: hostile,
        user: hostile,
      }),
    );
    await closeVault(vault);
    const texts = await Promise.all(
      [
        ['list'],
        ['show', 'acme'],
        ['log'],
        ['list', '--json'],
        ['show', 'acme', '--json'],
        ['log', '--json'],
      ].map(async (args) => {
        const { code, stdout, stderr } = await here.run(args);
        expect(code).toBe(0);
        expect(stdout).toContain('Eve');
        expect(stdout + stderr).not.toMatch(steering);
        return stdout;
      }),
    );
    // A row of the log is one line, and JSON output is what is stored.
    expect(texts[2]?.split('\n').filter((line) => line.includes('X-Injected'))).toHaveLength(1);
    expect(JSON.parse(texts[4] ?? '')).toMatchObject({ account: hostile });
    const rows = (texts[5] ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { client: string });
    expect(rows.at(-1)?.client).toBe(hostile);
  });
});

describe('printed text', () => {
  it('keeps its lines and the colors of this program, and no other control sequences', () => {
    const own = `${esc}[31mred${esc}[39m\tand\nlines`;
    expect(stripTerminalControls(own)).toBe(own);
    expect(stripTerminalControls(hostile)).not.toMatch(steering);
    expect(stripTerminalControls(`${esc}[8mhidden${esc}[2K`)).not.toContain(esc);
    expect(JSON.parse(escapeTerminalControls(JSON.stringify({ hostile })))).toEqual({ hostile });
    expect(escapeTerminalControls(JSON.stringify({ hostile }, null, 2))).not.toMatch(steering);
  });
});

describe('HTTP requests', () => {
  const target = startTarget();
  const ask = (path: string, ...headers: string[]) =>
    sendRaw(
      target.port,
      [
        `GET ${path} HTTP/1.1`,
        `Host: localhost:${target.port}`,
        'Connection: close',
        ...headers,
        '',
        '',
      ].join('\r\n'),
    );

  it('split no header with a route parameter or a query', async () => {
    const value = '%0d%0aX-Injected:%20yes%0d%0a%0d%0a<script>alert(1)</script>%1b[31m%E2%80%AE';
    const parameters = Object.fromEntries(
      ['name', 'client', 'tokenId', 'id', 'secret', 'link', 'code'].map((name) => [name, value]),
    );
    const cookie = await target.openSession();
    for (const { path } of routesOf(createWebApp({ vault: target.vault, log: quietLog() }).app)) {
      const url = `${concrete(path, parameters)}?next=${value}&name=${value}&profile=${value}&error=${value}`;
      const { raw, headers, body } = await ask(url, `Cookie: ${cookie}`);
      expect(headers).not.toHaveProperty('x-injected');
      expect(raw.slice(0, raw.indexOf('\r\n\r\n'))).not.toMatch(/^X-Injected/im);
      expect(body).not.toContain('<script>alert');
    }
  });

  it('report an error in the redirect in one harmless line', async () => {
    const { body } = await ask(
      '/auth/code?error=evil%0d%0a%1b[31m&error_description=%3Cscript%3Ealert(1)%3C/script%3E%0a%1b[2J%C2%9B%E2%80%AEtxt',
    );
    expect(body).toContain('&lt;script&gt;');
    expect(Buffer.from(body, 'latin1').toString('utf8')).not.toMatch(steering);
  });

  it('are one line of JSON each in the log, without a token', async () => {
    target.logged.length = 0;
    const noise = `User-Agent: ${hostile.replace(/[^\x20-\x7e]/g, '')}\x9b31m`;
    await ask('/x', noise, 'X-Forwarded-For: evil\x9b31m', 'Referer: http://x/\x9b');
    await ask('/%0a%1b[31m{"level":60}', noise);
    await ask(`/${'Zq7x'.repeat(16)}_PF84/x`, noise);
    await ask(`/auth/code/${'A'.repeat(64)}?access_token=${'A'.repeat(64)}`, noise);
    await ask(`/access/${'B'.repeat(43)}`, noise);
    await expect.poll(() => target.logged.length).toBeGreaterThanOrEqual(5);
    for (const line of target.logged) {
      expect(line.endsWith('\n')).toBe(true);
      expect(line.slice(0, -1)).not.toMatch(/\n|\t/);
      expect(line).not.toMatch(steering);
      expect(line).not.toMatch(/A{20}|B{20}|(Zq7x){5}|evil|Eve|Mozilla/);
      expect(JSON.parse(line)).toMatchObject({ level: 30, msg: 'request', method: 'GET' });
    }
  });

  it('get errors in printable ASCII from the token endpoint', async () => {
    for (const body of [
      `grant_type=${encodeURIComponent(hostile)}&client_id=x&client_secret=y`,
      `${encodeURIComponent(hostile)}=1&${encodeURIComponent(hostile)}=2`,
      `grant_type=client_credentials&client_id=deploy-of-acme&client_secret=${target.clientSecret}&scope=${encodeURIComponent(hostile)}`,
      `grant_type=client_credentials&client_id=deploy-of-acme&client_secret=${target.clientSecret}&resource=${encodeURIComponent(hostile)}`,
      `grant_type=client_credentials&client_id=${encodeURIComponent(hostile)}&client_secret=y`,
    ]) {
      const response = await fetch(`${target.origin}/oauth/token`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      expect(response.status).toBeGreaterThanOrEqual(400);
      const { error_description: said } = (await response.json()) as { error_description: string };
      expect(said).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    }
  });
});

describe('X-Forwarded-For', () => {
  it('is used only if it is an IP address', async () => {
    const vault = await newVault();
    const proxied = { host: '127.0.0.1', port: 0, tls: null, trustedProxies: ['127.0.0.1'] };
    const server = await startApiServer(vault, quietLog(), proxied);
    onTestFinished(() => server.close());
    const port = Number(new URL(server.address).port);
    const form = 'grant_type=client_credentials&client_id=x&client_secret=y';
    for (const forwarded of [
      '10.0.0.1',
      '2001:db8::1',
      'evil\x9b31m',
      '<script>',
      '10.0.0.1 evil',
      'unknown',
      '_hidden',
      '10.0.0.1:4711',
      'x'.repeat(5_000),
    ]) {
      const head = `POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: ${forwarded}`;
      const type = 'Content-Type: application/x-www-form-urlencoded';
      await sendRaw(port, `${head}\r\n${type}\r\nContent-Length: ${form.length}\r\n\r\n${form}`);
    }
    const rows = await vault.db.selectFrom('audit').select('address').distinct().orderBy('address').execute();
    expect(rows.map(({ address }) => address)).toEqual(['10.0.0.1', '127.0.0.1', '2001:db8::1']);
  });
});

describe('the views', () => {
  it('escape all output except their parts', () => {
    const folder = join(import.meta.dirname, '../../views');
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ejs')) continue;
      for (const [, code = ''] of readFileSync(join(folder, name), 'utf8').matchAll(/<%-(.*?)%>/gs)) {
        expect(code.trim()).toMatch(name === 'layout.ejs' ? /^(include\(|body$)/ : /^include\(/);
      }
    }
  });
});
