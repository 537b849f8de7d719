import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Machine, machine } from './run.ts';

vi.setConfig({ testTimeout: 90_000 });

interface Desktop {
  here: Machine;
  /** What each browser that was started was given, oldest first. */
  started(): string[][];
}

/** A machine with a desktop, whose default browser writes down what it is started with. `null`: the system names none. */
async function desktop(defaultBrowser: string | null): Promise<Desktop> {
  const folder = temporaryFolder();
  const programs = join(folder, 'programs');
  const record = join(folder, 'started');
  mkdirSync(programs);
  const program = (name: string, text: string) => {
    writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(programs, name), 0o700);
  };
  const writeDown = `printf '%s\\n' "$*" >> ${record}`;
  for (const name of ['google-chrome', 'any-browser']) program(name, writeDown);
  program('xdg-mime', defaultBrowser === null ? 'exit 1' : `echo ${defaultBrowser}`);
  writeFileSync(record, '');
  const here = await machine(undefined, {
    PATH: `${programs}:${process.env.PATH}`,
    DISPLAY: ':99',
    BROWSER: join(programs, 'any-browser'),
  });
  const lines = () => readFileSync(record, 'utf8').trim().split('\n');
  return { here, started: () => lines().map((line) => line.split(' ')) };
}

// Elsewhere the system itself opens the browser, and no test can stand in for it.
describe.skipIf(process.platform !== 'linux')('the window that is opened', () => {
  test('is a private one of the web app itself, where there is one', async () => {
    const { here, started } = await desktop('google-chrome.desktop');
    const serve = here.start(['serve']);
    await serve.stderrMatching(/open in a private window/);
    serve.kill('SIGTERM');
    const { stderr } = await serve.finished;
    expect(stderr).not.toContain('history');
    expect(started()).toEqual([
      ['--incognito', expect.stringMatching(`^http://localhost:${here.port}/enter/`)],
    ]);
  });

  test('is else a normal one that comes by the side door, and is told of its history', async () => {
    const { here, started } = await desktop(null);
    const serve = here.start(['serve']);
    await serve.stderrMatching(/Stop with Ctrl-C/);
    const open = await here.run(['open']);
    const login = await here.run(['login', 'acme', '--timeout', '1']);
    serve.kill('SIGTERM');
    const served = await serve.finished;
    const printed = [served, open, login].map(({ stderr }) => /^http:\S+$/m.exec(stderr)?.[0] ?? '');
    expect(served.stderr).toContain('its history would keep the token on the disk');
    expect(open.stderr).toContain('its history would keep the token on the disk');
    expect(login.stderr).toContain('whose history keeps the token on the disk');

    const opened = started().map(([url = '']) => new URL(url));
    expect(opened.map(({ pathname }) => pathname)).toEqual(printed.map((link) => new URL(link).pathname));
    expect(new Set(opened.map(({ host }) => host)).size).toBe(1);
    expect(opened[0]?.hostname).toBe('localhost');
    for (const link of printed) expect(new URL(link).host).toBe(`localhost:${here.port}`);
    expect(opened[0]?.port).not.toBe(String(here.port));
  });
});
