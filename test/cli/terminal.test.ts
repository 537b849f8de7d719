import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Machine, machine, program } from '../support/cli/cli-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { simulated } from '../support/test-simulator.ts';

/** util-linux's `script` gives a program a terminal. */
const hasScript = process.platform === 'linux' && existsSync('/usr/bin/script');

/** All that a terminal shows while the program runs in it; each text is typed once the words before it have appeared. */
function onTerminal(
  here: Machine,
  args: string,
  ...typed: { after: string; text: string }[]
): Promise<string> {
  const command = `'${process.execPath}' '${program}' ${args}`;
  const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
    env: { ...here.environment, TERM: 'xterm-256color' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let shown = '';
  let looked = 0;
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    shown += part;
    const [next] = typed;
    if (next === undefined || !shown.includes(next.after, looked)) return;
    looked = shown.length;
    typed.shift();
    child.stdin.write(next.text);
  });
  return new Promise((resolve) => {
    child.on('close', () => resolve(shown));
  });
}

describe.runIf(hasScript)('a command on a terminal', () => {
  it('reads one hidden line: import', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
    const token = 'fake-token-for-acme-1';
    const shown = await onTerminal(here, 'import acme', { after: 'press Enter', text: `${token}\r` });
    expect(shown).toContain('Saved');
    expect(shown).not.toContain('fake-token');
    expect((await here.run(['get', 'acme'])).stdout).toBe(`${token}\n`);
  });

  it('asks before it deletes, without --yes: remove', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
    await here.run(['import', 'acme'], 'fake-token-for-acme-1');
    const refused = await onTerminal(here, 'remove acme', { after: '[y/N]', text: 'n\r' });
    expect(refused).toContain('Nothing was deleted.');
    expect((await here.run(['get', 'acme'])).code).toBe(0);
    expect(await onTerminal(here, 'remove acme --yes')).toContain('Deleted "acme"');
    expect((await here.run(['get', 'acme'])).code).toBe(3);
  });

  it('shows the fingerprint and adds nothing without a yes: key add', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
    await here.run(['import', 'acme'], 'fake-token-for-acme-1');
    const other = await machine(undefined, { WEBEX_TOKEN_KEY_FILE: join(temporaryFolder(), 'other.jwk') });
    const asked = await other.run(['key', 'request', '--file']);
    const fingerprint = /([0-9a-f]{4}-){4}[0-9a-f]{4}/.exec(asked.stderr)?.[0] ?? 'none';
    const keys = async () => JSON.parse((await here.run(['key', 'status', '--json'])).stdout).keys.length;
    const paste = { after: 'press Enter', text: `${asked.stdout.trim()}\r` };
    for (const answer of ['n\r', '\r', '\u0003', '\u0004']) {
      const refused = await onTerminal(here, 'key add', paste, { after: '[y/N]', text: answer });
      expect(refused).toContain(fingerprint);
      expect(refused).toContain('The key was not added.');
      expect(await keys()).toBe(1);
    }
    const added = await onTerminal(here, 'key add', paste, { after: '[y/N]', text: 'y\r' });
    expect(added).toContain('Added the key');
    expect(await keys()).toBe(2);
  });

  it('warns before a token is used that expires soon or is rejected: get and exec', async () => {
    const here = await machine(undefined, { NO_COLOR: '1' });
    const day = (days: number) => new Date(Date.now() + days * 86_400_000 + 3_600_000).toISOString();
    const rows = [
      'profile,access_token,captured_at,expires_at',
      `near,fake-token-near,${day(-100)},${day(59)}`,
      `far,fake-token-far,${day(-100)},${day(61)}`,
      `gone,fake-token-gone,${day(-100)},${day(-1)}`,
    ];
    expect(await here.run(['profile', 'import', '-'], rows.join('\n'))).toMatchObject({ code: 0 });
    const warning =
      /Warning: The token of "near" expires on .*\(59 days\s+left\)\. Get a new token: npx webex-token login near/s;
    const words = (text: string) => text.replace(/\s+/g, ' ');
    for (const args of ['get near', 'get near --format header', 'exec near -- true'])
      expect(words(await onTerminal(here, args)), args).toMatch(warning);
    expect(await onTerminal(here, 'get far')).toBe('fake-token-far\r\n');
    expect(await onTerminal(here, 'exec far -- true')).toBe('');
    expect(await onTerminal(here, 'get gone --allow-expired')).toBe('fake-token-gone\r\n');
    const later: Machine = {
      ...here,
      environment: { ...here.environment, WEBEX_TOKEN_REMINDER_DAYS: '90,5' },
    };
    expect(words(await onTerminal(later, 'get far'))).toContain('The token of "far" expires on');
    // Programs get only the token.
    expect(await here.run(['get', 'near'])).toMatchObject({ stdout: 'fake-token-near\n', stderr: '' });

    const webex = await machine(await simulated(), { NO_COLOR: '1' });
    expect(await webex.run(['import', 'acme'], 'fake-token-unknown')).toMatchObject({ code: 5 });
    expect(words(await onTerminal(webex, 'get acme'))).toContain(
      'Warning: Webex rejects the token of "acme". Get a new token: npx webex-token login acme',
    );
  });

  it('uses color, but never with NO_COLOR', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
    await here.run(['import', 'acme'], 'fake-token-for-acme-1');
    const color = `${String.fromCharCode(27)}[32mvalid`;
    expect(await onTerminal(here, 'list')).toContain(color);
    here.environment.NO_COLOR = '1';
    const plain = await onTerminal(here, 'list');
    expect(plain).toContain('valid');
    expect(plain).not.toContain(String.fromCharCode(27));
  });
});
