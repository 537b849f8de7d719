import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { type Machine, machine, program } from './run.ts';

vi.setConfig({ testTimeout: 90_000 });

/** util-linux's `script` gives a program a terminal. */
const hasScript = process.platform === 'linux' && existsSync('/usr/bin/script');

/** All that a terminal shows while the program runs in it; `typed` is typed once the words have appeared. */
function onTerminal(here: Machine, args: string, typed?: { after: string; text: string }): Promise<string> {
  const command = `'${process.execPath}' '${program}' ${args}`;
  const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
    env: { ...here.environment, TERM: 'xterm-256color' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let shown = '';
  let toType = typed;
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    shown += part;
    if (toType === undefined || !shown.includes(toType.after)) return;
    const { text } = toType;
    toType = undefined;
    child.stdin.write(text);
  });
  return new Promise((resolve) => {
    child.on('close', () => resolve(shown));
  });
}

describe.runIf(hasScript)('on a terminal', () => {
  test('import reads one line, and shows nothing of it', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
    const token = 'fake-token-for-acme-1';
    const shown = await onTerminal(here, 'import acme', { after: 'press Enter', text: `${token}\r` });
    expect(shown).toContain('Stored');
    expect(shown).not.toContain('fake-token');
    expect((await here.run(['get', 'acme'])).stdout).toBe(`${token}\n`);
  });

  test('colour, but never with NO_COLOR', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1' });
    await here.run(['import', 'acme'], 'fake-token-for-acme-1');
    const colour = `${String.fromCharCode(27)}[32mvalid`;
    expect(await onTerminal(here, 'list')).toContain(colour);
    here.environment.NO_COLOR = '1';
    const plain = await onTerminal(here, 'list');
    expect(plain).toContain('valid');
    expect(plain).not.toContain(String.fromCharCode(27));
  });
});
