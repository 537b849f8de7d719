import { basename, win32 } from 'node:path';

/*
 * The option of each browser that opens a private window. Unknown browsers are not opened: a normal window would keep the
 * token in its history.
 */

/** By words in the names of programs, flatpak applications and macOS bundles. The first match counts. */
const families: [name: RegExp, option: string][] = [
  [/edge/, '--inprivate'],
  [/opera/, '--private'],
  [
    /firefox|librewolf|waterfox|floorp|icecat|iceweasel|abrowser|palemoon|(^|[^a-z])zen([^a-z]|$)/,
    '--private-window',
  ],
  [/chrom(e|ium)|brave|vivaldi|yandex/, '--incognito'],
];

/** The option that opens a private window in the program with this name. Null if it is unknown. */
export function privateWindowOption(name: string): string | null {
  return families.find(([pattern]) => pattern.test(name.toLowerCase()))?.[1] ?? null;
}

/**
 * Changes the command of a desktop entry so that it opens a private window. Its other options (`--new-window`, a profile)
 * are removed: they could take the address as their value. Null if the browser is unknown.
 */
export function privateCommand(command: readonly string[]): string[] | null {
  const [program = '', ...args] = command;
  switch (basename(program)) {
    case 'env': {
      const settings = args.filter((_, at) => args.slice(0, at + 1).every((one) => /^\w+=/.test(one)));
      const rest = privateCommand(args.slice(settings.length));
      return rest === null ? null : [program, ...settings, ...rest];
    }
    case 'flatpak':
      return flatpakCommand(program, args);
    case 'snap': {
      const [run, name = ''] = args;
      const option = run === 'run' ? privateWindowOption(name) : null;
      return option === null ? null : [program, 'run', name, option];
    }
    default: {
      const option = privateWindowOption(basename(program));
      return option === null ? null : [program, option];
    }
  }
}

/** `flatpak run [options] APPLICATION [arguments]` */
function flatpakCommand(program: string, [run, ...rest]: string[]): string[] | null {
  const at = rest.findIndex((each) => !each.startsWith('-'));
  const application = rest[at] ?? '';
  const option = run === 'run' ? privateWindowOption(application) : null;
  if (option === null) return null;
  const options = rest.slice(0, at).filter((each) => each !== '--file-forwarding');
  return [program, 'run', ...options, application, option];
}

/**
 * The command for a missing desktop entry, from its name, which depends on the package system:
 * `firefox_firefox.desktop` of a snap, `org.mozilla.firefox.desktop` of a flatpak, `chromium.desktop` of the system.
 */
export function privateCommandById(id: string): string[] | null {
  const name = id.replace(/\.desktop$/, '');
  const [, snap, application] = /^([a-z0-9-]+)_([a-z0-9-]+)$/.exec(name) ?? [];
  if (snap !== undefined) {
    return privateCommand([`/snap/bin/${snap === application ? snap : `${snap}.${application}`}`]);
  }
  if (/^[\w-]+(\.[\w-]+){2,}$/.test(name)) return privateCommand(['flatpak', 'run', name]);
  return /^[\w.-]+$/.test(name) ? privateCommand([name]) : null;
}

/** The command on macOS, from the bundle ID. It starts a new process, which forwards to a running one. */
export function macosCommand(bundle: string): string[] | null {
  const option = /^[\w.-]+$/.test(bundle) ? privateWindowOption(bundle) : null;
  return option === null ? null : ['/usr/bin/open', '-n', '-b', bundle, '--args', option];
}

/** The command on Windows, from the one in the registry for the default browser: `"C:\…\chrome.exe" --single-argument %1`. */
export function windowsCommand(registered: string): string[] | null {
  const [, quoted, bare] = /^\s*(?:"([^"]+)"|(\S+))/.exec(registered) ?? [];
  const program = quoted ?? bare ?? '';
  const name = win32.basename(program);
  // The launcher of Opera has a generic name.
  const option = privateWindowOption(/^launcher\.exe$/i.test(name) ? program : name);
  return option === null ? null : [program, option];
}
