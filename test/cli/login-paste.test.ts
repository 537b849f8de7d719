import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { signIn } from '../../src/simulator/webex/sign-in.ts';
import { type Machine, machine, program, type Running } from '../support/cli/cli-process.ts';
import { fragmentOf, simulated } from '../support/test-simulator.ts';
import { filesHolding } from '../support/vault/test-vault.ts';

const overSsh = { SSH_CONNECTION: '192.0.2.7 51234 203.0.113.5 22' };

/** The Webex address that the command prints alone on a line of standard error. */
async function printedAddress(login: Running): Promise<string> {
  const [, address = ''] = await login.stderrMatching(/^(http\S+\/oauth2\/v1\/authorize\?\S+)$/m);
  return address;
}

/** The sign-ins that the store has. */
async function openSignIns(here: Machine): Promise<number> {
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(join(here.home, 'store.db'), { readOnly: true });
  const row = database.prepare('select count(*) as count from sign_in where consumed_at is null').get();
  database.close();
  return Number(row?.count);
}

describe('login --paste from a pipe', () => {
  it('prints the Webex address, reads one line and stores the token, without a server', async () => {
    const here = await machine(await simulated());
    const login = here.start(['login', 'acme', '--paste'], null);
    const redirectUrl = await signIn(await printedAddress(login), { account: 'full-admin' });
    const { access_token: token = '' } = fragmentOf(redirectUrl);
    expect(existsSync(join(here.home, 'server.json'))).toBe(false);
    // Standard input stays open: one line is enough.
    login.write(`${redirectUrl}\n`);
    const { code, stdout, stderr } = await login.finished;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('even though the page shows an error');
    expect(stderr).toContain('Saved "acme".');
    expect(stderr).not.toContain(token);
    expect((await here.run(['get', 'acme'])).stdout).toBe(`${token}\n`);
    expect(filesHolding(here.home, token)).toEqual([]);
  });

  it('accepts --deployment, --org-id and --approve with --paste', async () => {
    const here = await machine(await simulated());
    const orgId = '99999999-2222-4333-8444-555555555555';
    const options = ['--paste', '--deployment', 'government', '--org-id', orgId];
    const run = async (more: string[]) => {
      const login = here.start(['login', 'gov', ...options, ...more], null);
      login.write(`${await signIn(await printedAddress(login), { account: 'full-admin' })}\n`);
      return await login.finished;
    };
    const refused = await run([]);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('belongs to a different organization');
    expect((await run(['--approve'])).code).toBe(0);
    expect(JSON.parse((await here.run(['list', '--json'])).stdout)).toMatchObject([
      { profile: 'gov', deployment: 'government' },
    ]);
  });

  it.each([
    ['a token without a state', 'access_token=fake-token-for-acme-1&token_type=Bearer', 'webex-token import'],
    [
      'a foreign state',
      `access_token=fake-token-1&token_type=Bearer&state=${'A'.repeat(43)}`,
      'another sign-in',
    ],
    ['nothing', '', 'No address was pasted'],
  ])('exits 1 at %s, and leaves nothing behind', async (_what, line, message) => {
    const here = await machine(await simulated());
    const { code, stdout, stderr } = await here.run(['login', 'acme', '--paste'], line);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(await openSignIns(here)).toBe(0);
    expect((await here.run(['list', '--json'])).stdout).toBe('[]\n');
  });

  it('refuses a line that is far too long', async () => {
    const here = await machine(await simulated());
    const login = here.start(['login', 'acme', '--paste'], null);
    await printedAddress(login);
    login.write('a'.repeat(2_000_000));
    expect(await login.finished).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Standard input is larger than 1,048,576 bytes.'),
    });
  });

  it('skips empty lines before the address', async () => {
    const here = await machine(await simulated());
    const login = here.start(['login', 'acme', '--paste'], null);
    const redirectUrl = await signIn(await printedAddress(login), { account: 'full-admin' });
    login.write('\n');
    login.write(` \r\n${redirectUrl}`);
    login.write('\r\n');
    expect((await login.finished).code).toBe(0);
  });

  it('reports that the person declined', async () => {
    const here = await machine(await simulated());
    const login = here.start(['login', 'acme', '--paste'], null);
    login.write(`${await signIn(await printedAddress(login), { outcome: 'deny' })}\n`);
    const { code, stderr } = await login.finished;
    expect(code).toBe(1);
    expect(stderr).toContain('declined');
  });

  it('ends after --timeout, and at a signal, and removes the sign-in', async () => {
    const here = await machine(await simulated());
    const late = await here.start(['login', 'acme', '--paste', '--timeout', '1'], null).finished;
    expect(late.code).toBe(1);
    expect(late.stderr).toContain('No one signed in within 1 second. Nothing was stored.');
    const login = here.start(['login', 'acme', '--paste'], null);
    await printedAddress(login);
    login.kill('SIGTERM');
    const { code, stderr } = await login.finished;
    expect(code).toBe(1);
    expect(stderr).toContain('Canceled before anyone signed in. Nothing was stored.');
    expect(await openSignIns(here)).toBe(0);
  });
});

describe('login over SSH', () => {
  it('prints the tunnel and names --paste', async () => {
    const here = await machine(await simulated(), overSsh);
    const { stderr } = await here.run(['login', 'acme', '--timeout', '1']);
    expect(stderr).toMatch(
      new RegExp(`^  ssh -L ${here.port}:localhost:${here.port} [\\w.-]+@203\\.0\\.113\\.5$`, 'm'),
    );
    expect(stderr).toContain('webex-token login acme --paste');
    expect(stderr).toMatch(/^http:\/\/localhost:\d+\/sign-in\/[\w-]+$/m);
  });

  it('serve prints the tunnel too', async () => {
    const here = await machine(await simulated(), overSsh);
    const serve = here.start(['serve']);
    const [line] = await serve.stderrMatching(/^ {2}ssh -L .*$/m);
    expect(line).toContain(`${here.port}:localhost:${here.port}`);
    await serve.stderrMatching(/login PROFILE --paste/);
    serve.kill('SIGTERM');
    expect(await serve.finished).toMatchObject({ code: 0, stdout: '' });
  });
});

/** util-linux's `script` gives a program a terminal. */
const hasScript = process.platform === 'linux' && existsSync('/usr/bin/script');

describe.runIf(hasScript)('login --paste on a terminal, over SSH', () => {
  it('takes four acts, hides what is pasted, and lets the person paste again', async () => {
    const webex = await simulated();
    const here = await machine(webex, { ...overSsh, NO_COLOR: '1' });
    const command = `stty cols 60; '${process.execPath}' '${program}' login acme --paste`;
    const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
      env: { ...here.environment, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      shown += part;
    });
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
    // 1. The command was typed.
    await expect.poll(() => shown).toContain('The input is hidden.');
    // 2. The address is copied in one piece, although the terminal is narrow, and opened elsewhere.
    const address = /^(http\S+\/oauth2\/v1\/authorize\?\S+)\r$/m.exec(shown)?.[1] ?? '';
    const redirectUrl = await signIn(address, { account: 'full-admin' });
    const { access_token: token = '' } = fragmentOf(redirectUrl);
    // Something else was in the clipboard: it does not count as an act of a good run.
    child.stdin.write('fake-token-from-elsewhere\r');
    await expect.poll(() => shown).toContain('The sign-in is still open.');
    // 3. The address of the page was copied there; 4. it is pasted here.
    child.stdin.write(`${redirectUrl}\r`);
    expect(await closed).toBe(0);
    expect(shown).toContain('Saved "acme".');
    expect(shown).not.toContain(token);
    expect(shown).not.toContain('fake-token');
    expect((await here.run(['get', 'acme'])).stdout).toBe(`${token}\n`);
  });

  it('cancels and removes the sign-in after Ctrl-C', async () => {
    const here = await machine(await simulated());
    const child = spawn(
      '/usr/bin/script',
      ['-qec', `'${process.execPath}' '${program}' login acme --paste`, '/dev/null'],
      { env: { ...here.environment, TERM: 'xterm' }, stdio: ['pipe', 'pipe', 'ignore'] },
    );
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      shown += part;
    });
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
    await expect.poll(() => shown).toContain('The input is hidden.');
    child.stdin.write('\u0003');
    expect(await closed).toBe(1);
    expect(shown).toContain('Nothing was stored.');
    expect(await openSignIns(here)).toBe(0);
  });
});
