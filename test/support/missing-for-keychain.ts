import { spawnSync } from 'node:child_process';
import { hasName } from '../../src/environment/os-user.ts';

/** What this machine lacks for a keychain with its own session bus. Null if it has everything. */
export function missingForKeychain(): string | null {
  const missing = ['dbus-run-session', 'dbus-send', 'gnome-keyring-daemon'].filter(
    (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined,
  );
  if (missing.length > 0) return `${missing.join(', ')} not installed (Debian: gnome-keyring, dbus)`;
  return hasName() ? null : 'D-Bus does not accept a user without a name';
}
