import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clipboardTools, systemClipboard } from '../../src/process/clipboard.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Puts programs of these names first on the search path; sets variables until the test ends. */
function desktop(programs: Record<string, string>, variables: NodeJS.ProcessEnv): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho "$*" >> '${folder}/arguments'\n${text}\n`);
    chmodSync(join(folder, name), 0o700);
  }
  const before = { ...process.env };
  const wanted = { PATH: `${folder}:/usr/bin:/bin`, WAYLAND_DISPLAY: '', WSL_DISTRO_NAME: '', ...variables };
  Object.assign(process.env, wanted);
  onTestFinished(() => {
    for (const name of Object.keys(wanted)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
  return folder;
}

const stored = (file: string) => `cat > "${file}"`;

describe.runIf(process.platform === 'linux')('the clipboard', () => {
  // In the folder of the program that is run.
  const content = '$(dirname "$0")/content';

  it.each([
    ['xsel', { xsel: xsel(content) }, {}],
    ['xclip, if there is no xsel', { xclip: xclip(content) }, {}],
    ['xclip, if xsel does not work', { xsel: 'exit 1', xclip: xclip(content) }, {}],
    [
      'wl-copy and wl-paste on Wayland',
      { 'wl-copy': stored(content), 'wl-paste': `cat "${content}"`, xsel: 'exit 1' },
      { WAYLAND_DISPLAY: 'wayland-0' },
    ],
    ['X11 on Wayland, if these do not work', { xsel: xsel(content) }, { WAYLAND_DISPLAY: 'wayland-0' }],
  ])('uses %s, and no argument contains the text', async (_, programs, variables) => {
    const folder = desktop(
      {
        // In front of those that this machine may have.
        ...Object.fromEntries(['xsel', 'xclip', 'wl-copy', 'wl-paste'].map((name) => [name, 'exit 1'])),
        ...programs,
      } as Record<string, string>,
      variables,
    );
    const clipboard = systemClipboard();
    await clipboard.write('a text\nof two lines');
    expect(await clipboard.read()).toBe('a text\nof two lines');
    await clipboard.write('');
    expect(await clipboard.read()).toBe('');
    expect(readFileSync(join(folder, 'arguments'), 'utf8')).not.toContain('text');
  });

  it('is read again if the program gets no reply', async () => {
    const folder = desktop(
      { xsel: `cd "$(dirname "$0")"; [ -e asked ] && echo a text && exit; touch asked; exec sleep 600` },
      {},
    );
    expect(await systemClipboard().read()).toBe('a text\n');
    const reads = readFileSync(join(folder, 'arguments'), 'utf8').trim().split('\n');
    expect(reads.length).toBeGreaterThanOrEqual(2);
  });

  it('is reported as missing if no program works', async () => {
    desktop({ xsel: 'exit 1', xclip: 'exit 1' }, {});
    await expect(systemClipboard().write('a text')).rejects.toThrow('no clipboard program worked');
    expect(await systemClipboard().read()).toBeNull();
  });

  it.each([
    ['xclip', 'Error: target STRING not available', {}],
    ['wl-paste', 'Nothing is copied', { WAYLAND_DISPLAY: 'wayland-0' }],
    ['wl-paste', 'No selection', { WAYLAND_DISPLAY: 'wayland-0' }],
    ['wl-paste', 'No suitable type of content copied', { WAYLAND_DISPLAY: 'wayland-0' }],
  ])('is empty, and not unreadable, if %s says: %s', async (name, message, variables) => {
    desktop({ xsel: 'exit 1', xclip: 'exit 1', [name]: `echo '${message}' >&2; exit 1` }, variables);
    expect(await systemClipboard().read()).toBe('');
  });

  it('is written when it returns the text, not when the program ends', async () => {
    // The first read still gets what was there before.
    const read = `cat "${content}"; if [ -e "${content}.late" ]; then mv "${content}.late" "${content}"; fi`;
    const folder = desktop(
      { xsel: `if [ "$2" = --output ]; then ${read}; else cat > "${content}.late"; fi` },
      {},
    );
    writeFileSync(join(folder, 'content'), '');
    await systemClipboard().write('a text');
    expect(await systemClipboard().read()).toBe('a text');
  });

  it('does not wait for a program that stays to serve the text', async () => {
    const folder = desktop({ xsel: xsel(content, 'sleep 60 & echo $! > "$(dirname "$0")/pid"') }, {});
    await systemClipboard().write('a text');
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    // 0 would be the tests themselves.
    expect(pid).toBeGreaterThan(0);
    process.kill(pid, 'SIGKILL');
    expect(existsSync(join(folder, 'arguments'))).toBe(true);
  });
});

describe('clipboardTools', () => {
  // Tested with arguments, because none of these systems is available.
  it.each([
    ['darwin', {}, ['pbcopy']],
    ['win32', {}, ['powershell.exe']],
    ['linux', { WSL_DISTRO_NAME: 'Debian' }, ['powershell.exe']],
    ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, ['wl-copy', 'xsel', 'xclip']],
  ] as const)('selects for %s with %o: %o', (platform, environment, files) => {
    expect(clipboardTools(platform, environment).map(({ file }) => file)).toEqual(files);
  });
});

function xsel(file: string, afterwards = ':'): string {
  return `if [ "$2" = --output ]; then cat "${file}"; else ${stored(file)}; ${afterwards}; fi`;
}

function xclip(file: string): string {
  return `[ "$3" = -out ] && cat "${file}" || ${stored(file)}`;
}
