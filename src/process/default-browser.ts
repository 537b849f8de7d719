import { realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { desktopEntryCommand } from './desktop-entry.ts';
import { macosCommand, privateCommand, privateCommandById, windowsCommand } from './private-window.ts';
import { runHelper } from './run-helper.ts';

/** The default browser and how to open a private window in it. */
export type DefaultBrowser =
  /** The program and its arguments; the address is appended. */
  | { command: string[]; cwd?: string }
  /** Why it cannot be opened; null without a desktop. */
  | { command: null; why: string | null };

/** The parts of this machine that determine the default browser. */
export interface BrowserSystem {
  platform: NodeJS.Platform;
  environment: NodeJS.ProcessEnv;
  run: typeof runHelper;
}

const thisSystem: BrowserSystem = {
  platform: process.platform,
  environment: process.env,
  run: (file, args) => runHelper(file, args, { timeoutMs: 5_000 }),
};

export async function findDefaultBrowser(system: BrowserSystem = thisSystem): Promise<DefaultBrowser> {
  const { DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME, SYSTEMROOT, SystemRoot } = system.environment;
  if (system.platform === 'darwin') return await onMacos(system);
  if (system.platform === 'win32') return await onWindows(system, SYSTEMROOT || SystemRoot || 'C:\\Windows');
  if (WSL_DISTRO_NAME) return await onWsl(system);
  return DISPLAY || WAYLAND_DISPLAY ? await onLinux(system) : { command: null, why: null };
}

async function onLinux({ environment, run }: BrowserSystem): Promise<DefaultBrowser> {
  const id = await desktopEntryId(run);
  if (id !== null) {
    const command = desktopEntryCommand(id, environment);
    return opening(command === null ? privateCommandById(id) : privateCommand(command), id);
  }
  // A list of programs, perhaps with arguments. Only the first one is used.
  const named =
    environment.BROWSER?.split(delimiter)[0]?.trim().split(/\s/)[0] || alternative(environment.PATH);
  if (!named) return { command: null, why: 'The desktop has no default browser.' };
  return opening(privateCommand([named]), named);
}

/** The desktop entry of the default browser, from the programs of the desktop that report it. */
async function desktopEntryId(run: BrowserSystem['run']): Promise<string | null> {
  const questions: [string, string[]][] = [
    ['xdg-settings', ['get', 'default-web-browser']],
    ['xdg-mime', ['query', 'default', 'x-scheme-handler/http']],
  ];
  for (const [file, args] of questions) {
    const { code, stdout } = await run(file, args);
    const id = stdout.trim().split('\n')[0] ?? '';
    if (code === 0 && /^[^/\0]+\.desktop$/.test(id)) return id;
  }
  return null;
}

/** The program behind `x-www-browser` of Debian's alternatives. */
function alternative(path = ''): string | null {
  for (const folder of path.split(delimiter)) {
    try {
      return realpathSync(join(folder, 'x-www-browser'));
    } catch {
      // Not in this one.
    }
  }
  return null;
}

async function onMacos({ run }: BrowserSystem): Promise<DefaultBrowser> {
  const domain = 'com.apple.LaunchServices/com.apple.launchservices.secure';
  const { stdout } = await run('/usr/bin/defaults', ['read', domain, 'LSHandlers']);
  // A list of handlers in braces. The order of their keys varies.
  const handler = stdout
    .split('}')
    .find((each) => /LSHandlerURLScheme = "?https?"?;/.test(each) && /LSHandlerRoleAll = /.test(each));
  const bundle = /LSHandlerRoleAll = "?([\w.-]+)"?;/.exec(handler ?? '')?.[1] ?? 'com.apple.safari';
  return opening(macosCommand(bundle), bundle);
}

const userChoice =
  'HKCU\\Software\\Microsoft\\Windows\\Shell\\Associations\\UrlAssociations\\http\\UserChoice';

async function onWindows({ run }: BrowserSystem, systemRoot: string): Promise<DefaultBrowser> {
  const { name, command } = await windowsBrowser(run, `${systemRoot}\\System32\\reg.exe`);
  return opening(command, name);
}

/** The default browser of Windows, with its path in WSL. */
async function onWsl({ run }: BrowserSystem): Promise<DefaultBrowser> {
  const { name, command } = await windowsBrowser(run, '/mnt/c/Windows/System32/reg.exe');
  const [program = '', ...args] = command ?? [];
  if (command === null) return opening(null, name);
  const { code, stdout } = await run('wslpath', ['-u', program]);
  // Windows cannot start a program in a Linux folder.
  return code === 0 ? { command: [stdout.trim(), ...args], cwd: '/mnt/c' } : opening(null, name);
}

async function windowsBrowser(run: BrowserSystem['run'], reg: string) {
  const progId = registryValue((await run(reg, ['query', userChoice, '/v', 'ProgId'])).stdout);
  if (progId === null) return { name: null, command: null };
  const registered = await run(reg, ['query', `HKCR\\${progId}\\shell\\open\\command`, '/ve']);
  return { name: progId, command: windowsCommand(registryValue(registered.stdout) ?? '') };
}

function registryValue(output: string): string | null {
  return /\sREG_(?:EXPAND_)?SZ\s+(.+)/.exec(output)?.[1]?.trim() ?? null;
}

function opening(command: string[] | null, name: string | null): DefaultBrowser {
  if (command !== null) return { command };
  const why =
    name === null
      ? 'The default browser could not be determined.'
      : `A private window cannot be opened in the default browser (${name}) from here.`;
  return { command: null, why };
}
