import { isAbsolute, join, resolve } from 'node:path';
import { BrokerError } from '../errors/broker-error.ts';
import { isInstalled, packageRoot } from '../program-files.ts';
import { readTextFile } from '../text/decode-text.ts';
import { parseDotEnv } from './dotenv.ts';
import { homeFolder, userName } from './os-user.ts';

/** The variables with the path of a file or folder. */
export const pathVariables = [
  'WEBEX_TOKEN_HOME',
  'WEBEX_TOKEN_KEY_FILE',
  'WEBEX_TOKEN_RENEWAL_HOOK',
  'AZURE_CLIENT_CERTIFICATE_PATH',
];

/**
 * The environment and, for variables that are not set, `.env`. Paths become absolute: `~/` is the user's home folder, and a
 * relative path is relative to the folder of `.env`, wherever a command runs. Throws `E_SETTING`.
 */
export function environmentWithDotEnv(
  environment: NodeJS.ProcessEnv,
  folder = dotEnvFolder(environment),
): NodeJS.Dict<string> {
  const given = { ...(folder !== null && readDotEnv(join(folder, '.env'))), ...environment };
  for (const name of pathVariables) {
    const path = given[name];
    if (path) given[name] = absolutePath(name, path, folder, environment);
  }
  return given;
}

/**
 * The folder of `.env`: that of package.json in a checkout, otherwise the data folder, because an upgrade replaces the folder
 * of an installed package, and other programs may put files next to a single-file executable, for example in a download
 * folder. Null if this user has no home folder.
 */
export function dotEnvFolder(environment: NodeJS.ProcessEnv, installed = isInstalled()): string | null {
  const { WEBEX_TOKEN_HOME: home } = environment;
  if (!installed) return packageRoot;
  if (home && isAbsolute(home)) return home;
  return homeFolder(environment) === null ? null : defaultHome(environment);
}

/** The data folder. Throws `E_SETTING`. */
export function dataFolder(environment: NodeJS.ProcessEnv): string {
  return environmentWithDotEnv(environment).WEBEX_TOKEN_HOME || defaultHome(environment);
}

/** Resolves the path in a setting; see `environmentWithDotEnv`. Throws `E_SETTING`, which names the setting. */
export function absolutePath(
  name: string,
  path: string,
  folder = dotEnvFolder(process.env),
  environment = process.env,
): string {
  const inHome = /^~(?:$|[/\\])(.*)$/s.exec(path);
  if (inHome !== null) {
    const home = homeFolder(environment);
    if (home !== null) return resolve(home, inHome[1] ?? '');
    throw unusablePath(name, path, `starts with ~, but this user (${userName()}) has no home folder`);
  }
  if (/^~|^\$|^%[^%]+%/.test(path)) {
    throw unusablePath(name, path, 'starts with an expression that only a shell replaces with a folder');
  }
  if (folder !== null) return resolve(folder, path);
  if (isAbsolute(path)) return path;
  throw unusablePath(name, path, `is relative, but this user (${userName()}) has no home folder`);
}

function unusablePath(name: string, path: string, reason: string): BrokerError {
  const message = `${name}: ${JSON.stringify(path.slice(0, 100))} ${reason}, for example ${name}=~/webex-token`;
  return new BrokerError('E_SETTING', message);
}

/** The platform's standard folder for application data. Throws `E_SETTING` if this user has no home folder. */
export function defaultHome(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_DATA_HOME, LOCALAPPDATA } = environment;
  const inHome = (...path: string[]) => join(homeFolder(environment) ?? noHomeFolder(), ...path);
  switch (process.platform) {
    case 'darwin':
      return inHome('Library', 'Application Support', 'webex-token');
    case 'win32':
      return join(LOCALAPPDATA || inHome('AppData', 'Local'), 'webex-token', 'Data');
    default:
      // XDG Base Directory Specification: a relative path must be ignored.
      return join(
        isAbsolute(XDG_DATA_HOME ?? '') ? `${XDG_DATA_HOME}` : inHome('.local', 'share'),
        'webex-token',
      );
  }
}

function noHomeFolder(): never {
  throw new BrokerError(
    'E_SETTING',
    `WEBEX_TOKEN_HOME is not set, and this user (${userName()}) has no home folder. Set it to a folder that this user can write to, for example WEBEX_TOKEN_HOME=/var/lib/webex-token`,
  );
}

function readDotEnv(file: string): NodeJS.Dict<string> {
  try {
    return parseDotEnv(readTextFile(file, 'E_SETTING'), file);
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new BrokerError('E_SETTING', `The file ${file} cannot be read.`, { cause: error });
  }
}
