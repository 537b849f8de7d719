import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/cli/terminal/log.ts';
import { BrokerError } from '../../src/errors/broker-error.ts';
import { createWebApp } from '../../src/web/app.ts';
import { clientOf } from '../support/api-server.ts';
import { concrete, routesOf } from '../support/attacks/every-route.ts';
import { tracesIn } from '../support/attacks/secret-search.ts';
import { machine } from '../support/cli/cli-process.ts';
import { storeTokenOn } from '../support/cli/store-token.ts';
import { providerEnvironment } from '../support/provisioning/provisioning-cli.ts';
import { quietLog } from '../support/quiet-log.ts';
import { simulated } from '../support/test-simulator.ts';
import { servedWithProviders } from '../support/web/with-providers.ts';

describe('the search for a secret', () => {
  it('finds a secret in every encoding', () => {
    const secret = 'fake-token-of-the-canary-1';
    const bytes = Buffer.from(secret);
    for (const text of [
      secret.toUpperCase(),
      `x${secret.slice(0, 13)}`,
      secret.slice(13),
      bytes.toString('hex'),
      bytes.toString('base64'),
      Buffer.from(`{"a":"${secret}"}`).toString('base64'),
      Buffer.from(`a ${secret} b`).toString('base64url'),
      secret.replace(/[-a-z0-9]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`),
      Buffer.from(secret, 'utf16le'),
    ]) {
      expect(tracesIn(text, secret)).not.toEqual([]);
    }
    expect(tracesIn('fake-token of another canary', secret)).toEqual([]);
  });
});

/** What the web app shows and logs about a stored token, or a token that was entered in the wrong field. */
describe('the web app', () => {
  it('shows a stored token only where the person requests it', async () => {
    const web = await servedWithProviders();
    const { vault } = web;
    const token = await web.storeToken();
    const secret = await clientOf(vault, 'ci', ['acme']);
    const person = await web.person();
    await person.post('/profiles/acme/test').type('form').send({}).expect(303);
    await person.post('/profiles/acme/entra/push').type('form').send({});
    await web.idle();
    const { id: tokenId } = await vault.db.selectFrom('token').select('id').executeTakeFirstOrThrow();
    const known = {
      name: 'acme',
      client: 'ci',
      tokenId,
      id: 'x',
      secret: 'x',
      link: 'x',
      code: 'x',
      nonce: 'x',
      permit: 'x',
    };
    let pages = 0;
    for (const { path, methods } of routesOf(createWebApp({ vault, log: quietLog() }).app)) {
      if (!methods.includes('GET')) continue;
      const { text, headers } = await person.get(concrete(path, known));
      pages += 1;
      for (const each of [token, secret]) {
        expect(tracesIn(`${text ?? ''} ${JSON.stringify(headers)}`, each)).toEqual([]);
      }
    }
    expect(pages).toBeGreaterThan(25);
    const shown = await person.post('/profiles/acme/token').type('form').send({});
    expect(shown.text).toContain(token);
    expect(tracesIn(web.logged(), token)).toEqual([]);
    expect(tracesIn(web.logged(), secret)).toEqual([]);
  });

  it('does not repeat a token from the wrong field on an error page or in the log', async () => {
    const web = await servedWithProviders();
    const token = await web.storeToken();
    const person = await web.person();
    const parameters = Object.fromEntries(
      ['name', 'client', 'tokenId', 'id', 'secret', 'link', 'code', 'nonce', 'permit'].map((name) => [
        name,
        token,
      ]),
    );
    const everywhere = {
      Referer: `http://localhost:3000/auth/code?access_token=${token}`,
      'User-Agent': token,
      'X-Forwarded-For': token,
      Authorization: `Bearer ${token}`,
    };
    const fields = [
      'name',
      'newName',
      'orgId',
      'deployment',
      'profiles',
      'until',
      'addresses',
      'jwks',
      'app',
      'cloud',
      'url',
      'contact',
      'where',
      'confirm',
      'next',
    ];
    const telling: string[] = [];
    const form = Object.fromEntries(fields.map((field) => [field, token]));
    for (const { path, methods } of routesOf(createWebApp({ vault: web.vault, log: quietLog() }).app)) {
      const target = `${concrete(path, parameters)}?access_token=${token}&error=${token}&profile=${token}&since=${token}`;
      // The pages do not repeat what is in their URL.
      const { text = '' } = await person.get(target).set(everywhere);
      // A page that waits contains its own URL.
      const own = concrete(path, parameters).replace(/\/progress$/, '');
      if (path !== '/audit-log' && tracesIn(text.replaceAll(own, ''), token).length > 0)
        telling.push(`GET ${path}`);
      if (!methods.includes('POST') || path === '/auth/code') continue;
      const response = await person.post(concrete(path, parameters)).set(everywhere).type('form').send(form);
      if (tracesIn(response.text, token).length > 0) telling.push(`POST ${path}`);
    }
    expect(telling).toEqual([]);
    for (const fragment of [
      token,
      `#access_token=${token}`,
      `?access_token=${token}`,
      `#access_token=${token}&token_type=Bearer&state=${token}`,
    ]) {
      const { text } = await person.post('/auth/code').send({ fragment });
      expect(tracesIn(text, token)).toEqual([]);
    }
    await web.idle();
    expect(web.logged()).toContain('"msg":"request"');
    expect(tracesIn(web.logged(), token)).toEqual([]);
    const rows = await web.vault.db.selectFrom('audit').selectAll().execute();
    expect(tracesIn(JSON.stringify(rows), token)).toEqual([]);
  });
});

describe('the output of the program', () => {
  it('contains no token from an error in the server log, at any level', () => {
    const token = `${'fake'.padEnd(64, 'Zq7')}_SIM1_11111111-2222-4333-8444-555555555555`;
    let written = '';
    const log = createLog('info', {
      write: (line) => {
        written += line;
      },
    });
    log.level = 'trace';
    const error = Object.assign(new TypeError(`fetch of https://x/?access_token=${token} failed`), {
      code: token,
      input: token,
      options: { headers: { authorization: `Bearer ${token}` } },
      cause: new Error(token),
    });
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) {
      log[level]({ err: error }, 'it failed');
      log[level]({ err: new BrokerError('E_USAGE', 'No.', { cause: error }) }, 'it failed');
      log[level]({ token, accessToken: token, request: { headers: { authorization: token } } }, 'it failed');
    }
    expect(written.trimEnd().split('\n')).toHaveLength(18);
    expect(tracesIn(written, token)).toEqual([]);
    expect(written).toContain('canary.test.ts');
  });

  it('contains a token only in commands that print it, and in no backup, crash or file', async () => {
    const simulator = await simulated();
    const here = await machine(simulator, providerEnvironment(simulator));
    const { accessToken: token } = simulator.issueToken('full-admin');
    await storeTokenOn(here, token);
    // The prefix and the organization are not secret; only the part between them is.
    const own = token.replace(/^SIMULATED-WEBEX-TOKEN-/, '').slice(0, 42);
    const backup = join(here.home, '..', 'backup');
    const csv = join(here.home, '..', 'profiles.csv');
    // With shifted columns the token can be in any field.
    const columns = [
      'profile',
      'org_id',
      'deployment',
      'contact',
      'tags',
      'access_token',
      'captured_at',
      'expires_at',
    ];
    const rows = columns.map((_, at) => columns.map((__, each) => (each === at ? token : '')).join(','));
    writeFileSync(csv, [columns.join(','), ...rows, ''].join('\n'), { mode: 0o600 });
    const headless = join(here.home, '..', 'headless.csv');
    writeFileSync(headless, `${token},acme\n`, { mode: 0o600 });
    const said: string[] = [];
    const run = async (args: string[], input?: string) => {
      const { stdout, stderr } = await here.run(args, input);
      said.push(stdout, stderr);
      expect([args, tracesIn(stdout + stderr, own)]).toEqual([args, []]);
      return stdout + stderr;
    };
    const pairs: [string[], string?][][] = [
      [[['test', 'acme', '--json']], [['push', 'entra', 'acme', '--dry-run']]],
      [[['show', 'acme', '--json']], [['calendar']]],
      [[['backup', backup]], [['profile', 'import', csv, '--dry-run']]],
      [[['check']], [['log', '--json']]],
      [[['profile', 'import', headless]], [['profile', 'import', csv, '--skip-invalid', '--json']]],
      [[['import', 'acme'], `${token}\n${token}x`], [['show', token]]],
      [[['get', token, '--format', token]], [['rename', 'acme', token]]],
      [[['client', 'add', token, '--profile', token]], [['login', token, '--org-id', token, '--no-open']]],
      [[['doctor']], [['key', 'status']]],
    ].map((pair) => pair as [string[], string?][]);
    for (const pair of pairs)
      for (const texts of [await Promise.all(pair.map(([args, input]) => run(args, input)))])
        expect(texts.join('')).not.toBe('');

    // An unexpected error with the token in its message: a running server logs it, and any other command ends.
    const preload = join(here.home, '..', 'fault.mjs');
    writeFileSync(
      preload,
      `const token = ${JSON.stringify(token)};
    process.on('SIGUSR2', () => { throw Object.assign(new TypeError('it broke at ' + token), { token, cause: new Error(token) }); });`,
    );
    const faulty = await machine(simulator, {
      NODE_OPTIONS: `--import=${pathToFileURL(preload)}`,
      WEBEX_TOKEN_HOME: here.home,
    });
    const login = faulty.start(['login', 'acme', '--no-open']);
    await login.stderrMatching(/^http:/m);
    login.kill('SIGUSR2');
    const crashed = await login.finished;
    expect(crashed.code).toBe(1);
    expect(crashed.stderr).toContain('Unexpected error. TypeError: it broke at [hidden]');
    said.push(crashed.stdout, crashed.stderr);
    const serving = faulty.start(['serve', '--no-open', '--verbose']);
    await serving.stderrMatching(/\/access\//);
    await fetch(`http://localhost:${faulty.port}/auth/code?access_token=${token}`);
    await fetch(`http://localhost:${faulty.port}/${token}`);
    serving.kill('SIGUSR2');
    await serving.stderrMatching(/it broke at \[hidden\]/);
    serving.kill('SIGKILL');
    said.push((await serving.finished).stderr);

    const all = said.join('\n');
    expect(all.length).toBeGreaterThan(3_000);
    expect(tracesIn(all, own)).toEqual([]);
    for (const file of filesBelow(join(here.home, '..'))) {
      if ([csv, headless, preload].includes(file)) continue;
      expect([file, tracesIn(readFileSync(file), own)]).toEqual([file, []]);
    }
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
