import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BrowserSystem, findDefaultBrowser } from '../../src/process/default-browser.ts';
import { desktopEntryCommand } from '../../src/process/desktop-entry.ts';
import { privateCommand, privateCommandById, windowsCommand } from '../../src/process/private-window.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A system whose programs print these texts. Programs that are not listed do not exist. */
function system(
  platform: NodeJS.Platform,
  environment: NodeJS.ProcessEnv,
  programs: Record<string, string> = {},
): BrowserSystem {
  return {
    platform,
    environment,
    run: async (file, args) => {
      const stdout = programs[[file, ...args].join(' ')];
      return { code: stdout === undefined ? null : 0, failure: null, stdout: stdout ?? '', stderr: '' };
    },
  };
}

/** A data folder with one desktop entry. */
function entry(id: string, text: string): { XDG_DATA_HOME: string; XDG_DATA_DIRS: string } {
  const folder = temporaryFolder();
  const file = join(folder, 'applications', id);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  return { XDG_DATA_HOME: folder, XDG_DATA_DIRS: folder };
}

describe('findDefaultBrowser, given a desktop entry', () => {
  // As the packages of Debian, Ubuntu, Fedora and Flathub have them.
  it.each([
    [
      'firefox-esr.desktop',
      '/usr/lib/firefox-esr/firefox-esr %u',
      ['/usr/lib/firefox-esr/firefox-esr', '--private-window'],
    ],
    [
      'firefox_firefox.desktop',
      'env BAMF_DESKTOP_FILE_HINT=/var/lib/snapd/desktop/applications/firefox_firefox.desktop /snap/bin/firefox %u',
      [
        'env',
        'BAMF_DESKTOP_FILE_HINT=/var/lib/snapd/desktop/applications/firefox_firefox.desktop',
        '/snap/bin/firefox',
        '--private-window',
      ],
    ],
    [
      'org.mozilla.firefox.desktop',
      '/usr/bin/flatpak run --branch=stable --arch=x86_64 --command=firefox --file-forwarding org.mozilla.firefox @@u %u @@',
      [
        '/usr/bin/flatpak',
        'run',
        '--branch=stable',
        '--arch=x86_64',
        '--command=firefox',
        'org.mozilla.firefox',
        '--private-window',
      ],
    ],
    [
      'com.google.Chrome.desktop',
      '/usr/bin/flatpak run --branch=stable --arch=x86_64 --command=/app/bin/chrome --file-forwarding com.google.Chrome @@u %U @@',
      [
        '/usr/bin/flatpak',
        'run',
        '--branch=stable',
        '--arch=x86_64',
        '--command=/app/bin/chrome',
        'com.google.Chrome',
        '--incognito',
      ],
    ],
    ['chromium.desktop', '/usr/bin/chromium %U', ['/usr/bin/chromium', '--incognito']],
    [
      'chromium_chromium.desktop',
      'env X=1 /snap/bin/chromium %U',
      ['env', 'X=1', '/snap/bin/chromium', '--incognito'],
    ],
    [
      'google-chrome.desktop',
      '/usr/bin/google-chrome-stable %U',
      ['/usr/bin/google-chrome-stable', '--incognito'],
    ],
    [
      'brave-browser.desktop',
      '/usr/bin/brave-browser-stable %U',
      ['/usr/bin/brave-browser-stable', '--incognito'],
    ],
    [
      'com.brave.Browser.desktop',
      'flatpak run com.brave.Browser @@u %U @@',
      ['flatpak', 'run', 'com.brave.Browser', '--incognito'],
    ],
    [
      'microsoft-edge.desktop',
      '/usr/bin/microsoft-edge-stable %U',
      ['/usr/bin/microsoft-edge-stable', '--inprivate'],
    ],
    ['vivaldi-stable.desktop', '/usr/bin/vivaldi-stable %U', ['/usr/bin/vivaldi-stable', '--incognito']],
    ['opera.desktop', 'opera %U', ['opera', '--private']],
    [
      'librewolf.desktop',
      '/usr/share/librewolf/librewolf %u',
      ['/usr/share/librewolf/librewolf', '--private-window'],
    ],
    [
      'io.gitlab.librewolf-community.desktop',
      'flatpak run io.gitlab.librewolf-community %u',
      ['flatpak', 'run', 'io.gitlab.librewolf-community', '--private-window'],
    ],
    ['firefox.desktop', 'firefox --name firefox --new-window %u', ['firefox', '--private-window']],
    [
      'chrome-work.desktop',
      '"/opt/a folder/google-chrome" "--profile-directory=Profile 1" %U',
      ['/opt/a folder/google-chrome', '--incognito'],
    ],
    [
      'snap-run.desktop',
      '/usr/bin/snap run firefox %u',
      ['/usr/bin/snap', 'run', 'firefox', '--private-window'],
    ],
  ])('returns the command for a private window of %s', async (id, exec, command) => {
    const folders = entry(id, `[Desktop Entry]\nName=Browser\nExec=${exec}\n`);
    const here = system(
      'linux',
      { DISPLAY: ':0', ...folders },
      { 'xdg-settings get default-web-browser': `${id}\n` },
    );
    expect(await findDefaultBrowser(here)).toEqual({ command });
  });

  it.each([
    'konqueror %u',
    'epiphany %U',
    'sh -c "firefox %u"',
    'env -u DISPLAY firefox',
    'distrobox enter web -- firefox %u',
    'flatpak run org.gnome.Epiphany %u',
    'flatpak install org.mozilla.firefox',
    'python3 /opt/firefox',
    '"firefox',
    '',
  ])('explains why %s opens no private window', async (exec) => {
    const folders = entry('browser.desktop', `[Desktop Entry]\nExec=${exec}\n`);
    const here = system(
      'linux',
      { DISPLAY: ':0', ...folders },
      { 'xdg-settings get default-web-browser': 'browser.desktop' },
    );
    expect(await findDefaultBrowser(here)).toEqual({
      command: null,
      why: expect.stringContaining('browser.desktop'),
    });
  });

  it('reads the Exec of the entry itself, not of its actions, and undoes its escapes', () => {
    const text = `[Desktop Action private]\nExec=wrong\n[Desktop Entry]\r\nExec = "a \\\\"b\\\\$c" d\\se %% %k\r\n`;
    expect(desktopEntryCommand('x.desktop', entry('x.desktop', text))).toEqual(['a "b$c', 'd', 'e', '%']);
  });

  it('finds an entry in a subfolder whose name is a part of the ID', () => {
    const folders = entry('kde4/browser.desktop', '[Desktop Entry]\nExec=firefox\n');
    expect(desktopEntryCommand('kde4-browser.desktop', folders)).toEqual(['firefox']);
  });
});

describe('findDefaultBrowser, without a desktop entry', () => {
  it.each([
    ['firefox_firefox.desktop', ['/snap/bin/firefox', '--private-window']],
    ['org.mozilla.firefox.desktop', ['flatpak', 'run', 'org.mozilla.firefox', '--private-window']],
    ['com.brave.Browser.desktop', ['flatpak', 'run', 'com.brave.Browser', '--incognito']],
    ['firefox-esr.desktop', ['firefox-esr', '--private-window']],
    ['evil $(id) firefox.desktop', null],
    ['../firefox.desktop', null],
    ['konqueror.desktop', null],
  ])('recognizes %s by its name', (id, command) => {
    expect(privateCommandById(id)).toEqual(command);
  });

  it('uses BROWSER, then x-www-browser', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'firefox-esr');
    writeFileSync(path, '');
    symlinkSync(path, join(folder, 'x-www-browser'));
    const find = (environment: NodeJS.ProcessEnv) =>
      findDefaultBrowser(system('linux', { WAYLAND_DISPLAY: 'wayland-0', ...environment }));
    expect(await find({ BROWSER: '/usr/bin/chromium --new-window %s:w3m' })).toEqual({
      command: ['/usr/bin/chromium', '--incognito'],
    });
    expect(await find({ PATH: `/nowhere:${folder}` })).toEqual({ command: [path, '--private-window'] });
    expect(await find({ PATH: '/nowhere' })).toEqual({
      command: null,
      why: expect.stringMatching(/no default/),
    });
    expect(await find({ BROWSER: 'w3m' })).toEqual({ command: null, why: expect.stringContaining('w3m') });
  });

  it('opens and explains nothing without a desktop', async () => {
    expect(await findDefaultBrowser(system('linux', {}))).toEqual({ command: null, why: null });
  });
});

// Tested with arguments, because none of these systems is available.
describe('findDefaultBrowser, on other systems', () => {
  it.each([
    ['com.google.chrome', '--incognito'],
    ['org.mozilla.firefox', '--private-window'],
    ['com.microsoft.edgemac', '--inprivate'],
    ['com.brave.browser', '--incognito'],
  ])('finds %s on macOS', async (bundle, option) => {
    const handlers = `(\n    {\n LSHandlerPreferredVersions = {\n LSHandlerRoleAll = "-";\n };\n LSHandlerRoleAll = "${bundle}";\n LSHandlerURLScheme = https;\n },\n {\n LSHandlerRoleAll = "com.apple.mail";\n LSHandlerURLScheme = mailto;\n }\n)`;
    const read = '/usr/bin/defaults read com.apple.LaunchServices/com.apple.launchservices.secure LSHandlers';
    expect(await findDefaultBrowser(system('darwin', {}, { [read]: handlers }))).toEqual({
      command: ['/usr/bin/open', '-n', '-b', bundle, '--args', option],
    });
  });

  it('explains that Safari on macOS opens no private window on request', async () => {
    expect(await findDefaultBrowser(system('darwin', {}))).toEqual({
      command: null,
      why: expect.stringContaining('com.apple.safari'),
    });
  });

  const choice =
    'query HKCU\\Software\\Microsoft\\Windows\\Shell\\Associations\\UrlAssociations\\http\\UserChoice /v ProgId';
  const registry = (reg: string, progId: string, command: string) => ({
    [`${reg} ${choice}`]: `\r\nHKEY_CURRENT_USER\\…\\UserChoice\r\n    ProgId    REG_SZ    ${progId}\r\n\r\n`,
    [`${reg} query HKCR\\${progId}\\shell\\open\\command /ve`]: `\r\nHKEY_CLASSES_ROOT\\…\r\n    (Default)    REG_SZ    ${command}\r\n\r\n`,
  });

  it('reads the command from the registry of Windows', async () => {
    const chrome = '"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe" --single-argument %1';
    const programs = registry('C:\\Windows\\System32\\reg.exe', 'ChromeHTML', chrome);
    expect(await findDefaultBrowser(system('win32', { SYSTEMROOT: 'C:\\Windows' }, programs))).toEqual({
      command: ['C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe', '--incognito'],
    });
  });

  it.each([
    ['"C:\\Program Files\\Mozilla Firefox\\firefox.exe" -osint -url "%1"', '--private-window'],
    [
      '"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe" --single-argument %1',
      '--inprivate',
    ],
    ['"C:\\Users\\it\\AppData\\Local\\Programs\\Opera\\launcher.exe" -noautoupdate -- "%1"', '--private'],
    ['C:\\Vivaldi\\vivaldi.exe %1', '--incognito'],
    ['"C:\\Program Files\\Internet Explorer\\iexplore.exe" %1', undefined],
    ['"C:\\Chrome\\other.exe" %1', undefined],
    ['', undefined],
  ])('returns the option for a private window on Windows: %s', (registered, option) => {
    expect(windowsCommand(registered)?.at(-1)).toBe(option);
  });

  it('uses the browser of Windows in WSL', async () => {
    const edge = '"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe" --single-argument %1';
    const programs = {
      ...registry('/mnt/c/Windows/System32/reg.exe', 'MSEdgeHTM', edge),
      'wslpath -u C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe':
        '/mnt/c/Program Files (x86)/Microsoft/Edge/Application/msedge.exe\n',
    };
    expect(await findDefaultBrowser(system('linux', { WSL_DISTRO_NAME: 'Debian' }, programs))).toEqual({
      command: ['/mnt/c/Program Files (x86)/Microsoft/Edge/Application/msedge.exe', '--inprivate'],
      cwd: '/mnt/c',
    });
  });
});

describe('privateCommand', () => {
  it('returns nothing for an empty command', () => {
    expect(privateCommand([])).toBeNull();
  });
});
