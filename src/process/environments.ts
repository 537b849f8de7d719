import { secretVariables } from '../environment/secret-variables.ts';
import { callerEnvironment } from './caller.ts';

/** What libpq and the `pg` package read as a password. Its other variables name no secret. */
const postgresPassword = 'PGPASSWORD';

/**
 * The environment for a program that a person runs with a token: theirs, without the passphrases and addresses with
 * passwords that open the whole store. What belongs to other tools too, such as AZURE_CLIENT_SECRET, is left.
 */
export function environmentForExec(given: NodeJS.ProcessEnv = callerEnvironment()): NodeJS.ProcessEnv {
  const own = new Set([
    ...secretVariables.filter((name) => name.startsWith('WEBEX_TOKEN_')),
    postgresPassword,
  ]);
  // Windows knows no case in names.
  return pick(given, (name) => !own.has(process.platform === 'win32' ? name.toUpperCase() : name));
}

/** What a program of the system needs to find its files, the desktop and the person's language. Never a secret. */
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

/** Families of such names. `LC_` is the language, `XDG_` are the desktop's folders and session. */
const helperPrefixes = /^(LC|XDG)_/;

/** The environment for a helper such as `lsof` or `notify-send`: only what is on the list of what helpers need. */
export function environmentForHelper(given: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return pick(given, (name) => helperVariables.has(name.toUpperCase()) || helperPrefixes.test(name));
}

const proxyVariables = /^(https?|all|no)_proxy$/i;

/** The environment for a browser: a helper's, and the proxy that it may need, unless a password is in its address. */
export function environmentForBrowser(given: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const proxies = pick(given, (name, value) => proxyVariables.test(name) && !value.includes('@'));
  return { ...environmentForHelper(given), ...proxies };
}

function pick(given: NodeJS.ProcessEnv, which: (name: string, value: string) => boolean): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => which(name, value ?? '')));
}
