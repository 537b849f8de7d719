import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli/cli-process.ts';
import { machineWithToken, token } from '../support/cli/stored-token.ts';

interface Added {
  client_id: string;
  client_secret: string;
  profiles: string[];
}

/** Serves the token API of that machine; ends with the test. */
async function serving(here: Awaited<ReturnType<typeof machineWithToken>>) {
  const running = here.start(['serve', '--api', '127.0.0.1:0']);
  const [, origin = ''] = await running.stderrMatching(/token API listens on (\S+)\. Its/);
  const ask = async ({ client_id, client_secret }: Pick<Added, 'client_id' | 'client_secret'>) => {
    const response = await fetch(`${origin}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }),
    });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };
  return { running, ask };
}

describe('webex-token client', () => {
  it('prints the documented keys with --json, and the secret in no file and no list', async () => {
    const here = await machineWithToken();
    const { code, stdout, stderr } = await here.run(['client', 'add', 'ci', '--profile', 'acme', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const added = JSON.parse(stdout) as Added;
    expect(Object.keys(added)).toEqual(['client_id', 'client_secret', 'profiles']);
    expect(added).toMatchObject({ client_id: 'ci', profiles: ['acme'] });
    expect(Buffer.from(added.client_secret, 'base64url')).toHaveLength(32);
    const list = await here.run(['client', 'list', '--json']);
    expect(list.stdout).not.toContain(added.client_secret);
    expect(JSON.parse(list.stdout)).toMatchObject([
      { client_id: 'ci', profiles: ['acme'], last_used_at: null },
    ]);
  });

  it('lets an API client get tokens from its registration until its removal', async () => {
    const here = await machineWithToken();
    const { ask, running } = await serving(here);
    const added = JSON.parse(
      (await here.run(['client', 'add', 'ci', '--profile', 'acme', '--json'])).stdout,
    ) as Added;
    const before = Date.now();
    expect(await ask(added)).toMatchObject({ status: 200, json: { access_token: token } });
    const [listed] = JSON.parse((await here.run(['client', 'list', '--json'])).stdout) as {
      last_used_at: string;
    }[];
    const usedAt = Date.parse(listed?.last_used_at ?? '');
    expect(usedAt).toBeGreaterThanOrEqual(before);
    expect(usedAt).toBeLessThanOrEqual(Date.now());

    const rotated = JSON.parse((await here.run(['client', 'rotate', 'ci', '--json'])).stdout) as Added;
    expect((await ask(rotated)).status).toBe(200);
    expect((await ask(added)).status).toBe(200);
    await here.run(['client', 'rotate', 'ci', '--overlap', '0']);
    expect((await ask(rotated)).status).toBe(401);

    expect(await here.run(['client', 'remove', 'ci'])).toMatchObject({ code: 0, stdout: '' });
    expect((await ask(rotated)).status).toBe(401);
    expect(await here.run(['client', 'remove', 'ci'])).toMatchObject({ code: 1 });

    running.kill('SIGTERM');
    expect(await running.finished).toMatchObject({ code: 0, stdout: '' });
    const log = (await here.run(['log', '--json', '--client', 'ci'])).stdout.trim().split('\n');
    const rows = log.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'client-add ok',
      'read ok',
      'client-rotate ok',
      'read ok',
      'read ok',
      'client-rotate ok',
      'read invalid_client',
      'client-remove ok',
      'read invalid_client',
    ]);
    expect(rows[1]).toMatchObject({ profile: 'acme', client: 'ci', address: '127.0.0.1', user: null });
  });

  it('creates no secret for a client with a key set', async () => {
    const here = await machineWithToken();
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    const file = join(here.environment.HOME ?? '', 'jwks.json');
    writeFileSync(file, JSON.stringify({ keys: [await exportJWK(publicKey)] }));
    const { stdout } = await here.run([
      'client',
      'add',
      'keyed',
      '--profile',
      'acme',
      '--jwks',
      file,
      '--json',
    ]);
    expect(JSON.parse(stdout)).toEqual({ client_id: 'keyed', profiles: ['acme'] });
    const rotated = await here.run(['client', 'rotate', 'keyed']);
    expect(rotated).toMatchObject({ code: 2, stdout: '' });
    expect(rotated.stderr).toContain('webex-token client add keyed --profile acme --jwks FILE');
  });

  it('says that a second rotation revokes the secret before the previous one', async () => {
    const here = await machineWithToken();
    await here.run(['client', 'add', 'ci', '--profile', 'acme']);
    const rotate = async (...args: string[]) => (await here.run(['client', 'rotate', 'ci', ...args])).stderr;
    const revoked = 'The secret before that has stopped working';
    expect(await rotate()).not.toContain(revoked);
    expect(await rotate()).toContain(
      `${revoked}, because at most two work. It was not used since the rotation.`,
    );
    // Then no other secret works, and a message reports that.
    expect(await rotate('--overlap', '0')).not.toContain(revoked);
    expect(await rotate()).not.toContain(revoked);
  });

  it('refuses an invalid registration and stores nothing', async () => {
    const here = await machineWithToken();
    const refusals: [args: string[], code: number][] = [
      [['add', 'ci'], 2],
      [['add', 'CI', '--profile', 'acme'], 2],
      [['add', 'ci', '--profile', 'nobody'], 3],
      [['add', 'ci', '--profile', 'acme', '--allow', 'localhost'], 2],
      [['add', 'ci', '--profile', 'acme', '--expires', 'tomorrow'], 2],
      [['add', 'ci', '--profile', 'acme', '--expires', '2020-01-01'], 2],
      [['add', 'ci', '--profile', 'acme', '--expires', '2027-02-30'], 2],
      [['add', 'ci', '--profile', 'acme', '--expires', '2027-02-29T12:00Z'], 2],
      [['add', 'ci', '--profile', 'acme', '--expires', '2027-13-01'], 2],
      [['add', 'ci', '--profile', 'acme', '--max-expires-in', '59'], 2],
      [['add', 'ci', '--profile', 'acme', '--max-expires-in', '315360001'], 2],
      [['add', 'ci', '--profile', 'acme', '--jwks', '/nowhere'], 1],
      [['add', 'ci', '--profile', 'acme', '--rights', 'read'], 2],
      [['add', 'ci', '--profile', 'acme', '--relay', '--rights', 'none'], 2],
      [['add', 'ci', '--profile', 'acme', '--relay', '--max-expires-in', '60'], 2],
      [['rotate', 'nobody'], 1],
    ];
    for (const [args, code] of refusals) {
      const ended = await here.run(['client', ...args]);
      expect(ended, args.join(' ')).toMatchObject({ code, stdout: '' });
      expect(ended.stderr).not.toBe('');
    }
    expect((await here.run(['client', 'list', '--json'])).stdout.trim()).toBe('[]');
  });

  it('works with serve --api, which refuses unsafe and contradictory options', async () => {
    const here = await machine();
    const refusals: [args: string[], reason: RegExp][] = [
      [['--api', '0.0.0.0:0'], /unencrypted/],
      [['--api', 'nowhere'], /HOST:PORT/],
      [['--tls-cert', 'x'], /need --api/],
      [['--api', '127.0.0.1:0', '--tls-cert', 'x'], /have to be used together/],
      [['--api', '127.0.0.1:0', '--trust-proxy', 'proxy.example'], /is not an IP address/],
    ];
    for (const [args, reason] of refusals) {
      const ended = await here.run(['serve', '--no-open', ...args]);
      expect(ended.code, args.join(' ')).toBe(2);
      expect(ended.stderr).toMatch(reason);
    }
  });

  it('adds a client of the relay with --relay, prints its tenant URL, and its secret yields no token', async () => {
    const here = await machineWithToken();
    const { ask } = await serving(here);
    const run = async (...args: string[]) =>
      JSON.parse((await here.run(['client', ...args, '--json'])).stdout) as Added & { tenant_url: string };
    const added = await run('add', 'entra', '--profile', 'acme', '--relay');
    expect(Object.keys(added)).toEqual(['client_id', 'client_secret', 'profiles', 'tenant_url']);
    expect(added.tenant_url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/scim\/acme$/);
    expect(await ask(added)).toMatchObject({ status: 400, json: { error: 'unauthorized_client' } });
    await run('add', 'okta', '--profile', 'acme', '--relay', '--rights', 'write');
    await run('add', 'ci', '--profile', 'acme');
    const listed = (await run('list')) as unknown as Record<string, unknown>[];
    expect(listed.map(({ client_id, auth, rights }) => [client_id, auth, rights])).toEqual([
      ['ci', 'secret', null],
      ['entra', 'secret', 'all'],
      ['okta', 'secret', 'write'],
    ]);
    expect(Object.keys(listed[0] ?? {})).toEqual([
      'client_id',
      'profiles',
      'auth',
      'rights',
      'allow',
      'expires_at',
      'last_used_at',
    ]);
    expect(await run('rotate', 'entra')).toMatchObject({ tenant_url: added.tenant_url });
    expect((await here.run(['client', 'list'])).stdout).toMatch(/entra +acme +secret +all /);
  });

  it('prints a tenant URL that starts with WEBEX_TOKEN_ISSUER', async () => {
    const here = await machineWithToken({ WEBEX_TOKEN_ISSUER: 'https://tokens.example.com/broker' });
    const { stdout } = await here.run(['client', 'add', 'entra', '--profile', 'acme', '--relay']);
    expect(stdout).toContain('tenant_url     https://tokens.example.com/broker/scim/acme');
  });
});
