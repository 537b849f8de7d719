import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stepHangsMs } from '../support/hang-limits.ts';
import { missingForKeychain } from '../support/missing-for-keychain.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/* A real keychain, as Linux desktops have it: gnome-keyring on its own session bus, without a person at the screen. */

const missing = missingForKeychain();

/** A bus on which no service can be started. */
const emptyBus = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`;

/** Waits until the keychain is on the bus. Fails without dbus-send or the bus. */
const waitForKeychain = `until
  reply=$(dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus \\
    org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets) || exit 1
  echo "$reply" | grep -q 'boolean true'
do sleep 0.05; done
`;

function inSession(what: 'all' | 'absent'): Record<string, unknown> {
  const folder = temporaryFolder();
  for (const name of ['run', 'data', 'config']) mkdirSync(join(folder, name), { mode: 0o700 });
  writeFileSync(join(folder, 'bus.conf'), emptyBus);
  const options = what === 'all' ? [] : [`--config-file=${join(folder, 'bus.conf')}`];
  const start =
    what === 'all'
      ? `printf "a password" | gnome-keyring-daemon --unlock --components=secrets >/dev/null
${waitForKeychain}`
      : '';
  const script = `${start}exec "$0" "$@"`;
  const session = [
    process.execPath,
    join(import.meta.dirname, '../support/processes/keychain-session.ts'),
    join(folder, 'home'),
    what,
  ];
  const { stdout, stderr } = spawnSync(
    'dbus-run-session',
    [...options, '--', 'sh', '-c', script, ...session],
    {
      encoding: 'utf8',
      timeout: stepHangsMs,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        XDG_RUNTIME_DIR: join(folder, 'run'),
        XDG_DATA_HOME: join(folder, 'data'),
        XDG_CONFIG_HOME: join(folder, 'config'),
      },
    },
  );
  try {
    return JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    throw new Error(`the session ended early: ${stderr}`);
  }
}

describe.skipIf(missing !== null)(missing === null ? 'Secret Service' : `Secret Service: ${missing}`, () => {
  it('stores the key, and exchanges it with a file; an emptied and a locked keychain are distinct errors', () => {
    expect(inSession('all')).toEqual({
      first: ['keychain'],
      keyFile: false,
      read: true,
      'fast path': true,
      rotated: 1,
      'to a file': 'file',
      'read by file': true,
      'back to the keychain': ['keychain'],
      keyFileAfter: false,
      'read by keychain': true,
      id: 43,
      emptied: 'E_KEY_LOST',
      refilled: true,
      // It asks to be unlocked, but there is no screen for the prompt.
      locked: 'E_KEYCHAIN_REFUSED',
      // Reported once: the whole program does not ask again.
      'locked fast path': ['true\n', 1],
    });
  });

  it('creates a key file in the first run if it is missing', () => {
    expect(inSession('absent')).toEqual({ first: ['file'], keyFile: true, read: true });
  });
});
