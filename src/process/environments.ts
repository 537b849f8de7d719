import { secretVariables } from '../environment/secret-variables.ts';
import { callerEnvironment } from './caller.ts';

/** The password variables of libpq and the `pg` package. Their other variables are not secrets. */
const postgresPassword = 'PGPASSWORD';

/**
 * The environment for a program that a person runs with a token: the caller's, without the passphrases and the addresses
 * with passwords that open the whole store. Variables of other tools, such as AZURE_CLIENT_SECRET, are passed on.
 */
export function environmentForExec(given: NodeJS.ProcessEnv = callerEnvironment()): NodeJS.ProcessEnv {
  const own = new Set([
    ...secretVariables.filter((name) => name.startsWith('WEBEX_TOKEN_')),
    postgresPassword,
  ]);
  // Names are case-insensitive on Windows.
  return pick(given, (name) => !own.has(process.platform === 'win32' ? name.toUpperCase() : name));
}

/**
 * The environment for the renewal hook: the caller's without our own secrets, with the settings of this program that a
 * scheduled job was given, and never a token, even if this program runs within its own `exec`.
 */
export function environmentForHook(
  profile: string,
  given: NodeJS.ProcessEnv = callerEnvironment(),
  own: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const settings = pick(own, (name) => name.startsWith('WEBEX_TOKEN_'));
  const all = environmentForExec({ ...settings, ...given });
  return {
    ...pick(all, (name) => name.toUpperCase() !== 'WEBEX_ACCESS_TOKEN'),
    WEBEX_TOKEN_PROFILE: profile,
  };
}

/** The variables that a system program needs to find its files, the desktop and the person's language. Never a secret. */
const helperVariables = new Set(
  [
    // Everywhere
    ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'TZ', 'TERM'],
    ...['TMPDIR', 'TEMP', 'TMP'],
    // The desktop, its message bus, and Windows behind WSL
    ...['DISPLAY', 'WAYLAND_DISPLAY', 'WAYLAND_SOCKET', 'XAUTHORITY', 'DBUS_SESSION_BUS_ADDRESS'],
    ...['DESKTOP_SESSION', 'GNOME_DESKTOP_SESSION_ID', 'KDE_FULL_SESSION', 'KDE_SESSION_VERSION', 'BROWSER'],
    ...['MOZ_ENABLE_WAYLAND', 'GDK_BACKEND', 'QT_QPA_PLATFORM', 'WSL_DISTRO_NAME', 'WSL_INTEROP'],
    // macOS
    '__CF_USER_TEXT_ENCODING',
    // Windows
    ...['SYSTEMROOT', 'SYSTEMDRIVE', 'WINDIR', 'COMSPEC', 'PATHEXT', 'OS', 'PSMODULEPATH'],
    ...['USERPROFILE', 'USERNAME', 'USERDOMAIN', 'COMPUTERNAME', 'HOMEDRIVE', 'HOMEPATH', 'PUBLIC'],
    ...['APPDATA', 'LOCALAPPDATA', 'PROGRAMDATA', 'ALLUSERSPROFILE', 'PROGRAMFILES', 'PROGRAMFILES(X86)'],
    ...['PROGRAMW6432', 'COMMONPROGRAMFILES', 'COMMONPROGRAMFILES(X86)', 'COMMONPROGRAMW6432'],
    ...['NUMBER_OF_PROCESSORS', 'PROCESSOR_ARCHITECTURE', 'PROCESSOR_ARCHITEW6432'],
  ].map((name) => name.toUpperCase()),
);

/** Prefixes of such names. `LC_`: the language; `XDG_`: the folders and session of the desktop. */
const helperPrefixes = /^(LC|XDG)_/;

/** The environment for a helper such as `lsof` or `notify-send`: only the variables on the list above. */
export function environmentForHelper(given: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return pick(given, (name) => helperVariables.has(name.toUpperCase()) || helperPrefixes.test(name));
}

const proxyVariables = /^(https?|all|no)_proxy$/i;

/** The environment for a browser: a helper's and the proxy variables, unless their address has a password. */
export function environmentForBrowser(given: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const proxies = pick(given, (name, value) => proxyVariables.test(name) && !value.includes('@'));
  return { ...environmentForHelper(given), ...proxies };
}

function pick(given: NodeJS.ProcessEnv, which: (name: string, value: string) => boolean): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => which(name, value ?? '')));
}
