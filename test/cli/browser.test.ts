import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shellString } from '../../src/text/quoting.ts';
import { type Machine, machine } from '../support/cli/cli-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Desktop {
  here: Machine;
  /** The arguments of each browser that was started, oldest first. */
  started(): string[][];
}

/**
 * A machine with a desktop. `defaultBrowser` is what it names as such, with its desktop entry's `Exec`; null: it names
 * none. Every program that it starts records its arguments.
 */
async function desktop(defaultBrowser: string | null, exec: string | null = null): Promise<Desktop> {
  const folder = temporaryFolder();
  const programs = join(folder, 'programs');
  const record = join(folder, 'started');
  const applications = join(folder, 'applications');
  mkdirSync(programs);
  mkdirSync(applications);
  const program = (name: string, text: string) => {
    writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(programs, name), 0o700);
  };
  const writeDown = `printf '%s\\n' "\${0##*/} $*" >> ${shellString(record)}`;
  for (const name of ['google-chrome', 'firefox-esr', 'flatpak', 'any-browser']) program(name, writeDown);
  const answer = defaultBrowser === null ? 'exit 1' : `echo ${defaultBrowser}`;
  program('xdg-settings', 'exit 1');
  program('xdg-mime', answer);
  if (exec !== null) {
    const entry = `[Desktop Entry]\nType=Application\nExec=${exec}\n\n[Desktop Action new]\nExec=any-browser %u\n`;
    writeFileSync(join(applications, `${defaultBrowser}`), entry);
  }
  writeFileSync(record, '');
  const here = await machine(undefined, {
    PATH: `${programs}:${process.env.PATH}`,
    DISPLAY: ':99',
    XDG_DATA_HOME: folder,
    XDG_DATA_DIRS: folder,
    // Its words are split, so the path may not contain a space.
    BROWSER: 'any-browser',
  });
  const lines = () =>
    readFileSync(record, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  return { here, started: () => lines().map((line) => line.split(' ')) };
}

// On other systems, the system itself opens the browser, which a test cannot replace.
describe.skipIf(process.platform !== 'linux')('the browser window', () => {
  it.each([
    ['of a package', 'google-chrome.desktop', null, ['google-chrome', '--incognito']],
    [
      'of Debian',
      'firefox-esr.desktop',
      'env MOZ_X=1 firefox-esr --new-window %u',
      ['firefox-esr', '--private-window'],
    ],
    [
      'of a flatpak',
      'org.mozilla.firefox.desktop',
      'flatpak run --branch=stable --command=firefox --file-forwarding org.mozilla.firefox @@u %u @@',
      ['flatpak', 'run', '--branch=stable', '--command=firefox', 'org.mozilla.firefox', '--private-window'],
    ],
  ])('is private %s', async (_, id, exec, command) => {
    const { here, started } = await desktop(id, exec);
    const serve = here.start(['serve']);
    await serve.stderrMatching(/in a private window/);
    serve.kill('SIGTERM');
    await serve.finished;
    // The server does not wait long for the browser, which may write its line later.
    await expect
      .poll(started)
      .toEqual([[...command, expect.stringMatching(`^http://localhost:${here.port}/access/`)]]);
  });

  it.each([
    ['names none', null, null, /any-browser/],
    ['names one that is not known', 'konqueror.desktop', 'any-browser %u', /konqueror\.desktop/],
    ['names one that is not there', 'chromium_chromium.desktop', null, /\/snap\/bin\/chromium did not start/],
  ])('does not open if the desktop %s, and the link is printed with the reason', async (_, id, exec, why) => {
    const { here, started } = await desktop(id, exec);
    const serve = here.start(['serve']);
    await serve.stderrMatching(/webex-token open/);
    const open = await here.run(['open']);
    const login = await here.run(['login', 'acme', '--timeout', '1']);
    serve.kill('SIGTERM');
    for (const { stderr } of [await serve.finished, open, login]) {
      expect(stderr).toMatch(why);
      const link = new URL(/^http:\S+$/m.exec(stderr)?.[0] ?? '');
      expect(link.host).toBe(`localhost:${here.port}`);
    }
    expect(started()).toEqual([]);
  });
});
