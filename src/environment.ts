import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parseEnv } from 'node:util';
import { BrokerError } from './errors.ts';
import { packageRoot } from './package-root.ts';
import { homeFolder, userName } from './process/person.ts';

/** The environment, and from `.env` beside package.json what it leaves out. Throws `E_SETTING`. */
export function environmentWithDotEnv(
  environment: NodeJS.ProcessEnv,
  folder = packageRoot,
): NodeJS.Dict<string> {
  return { ...readDotEnv(join(folder, '.env')), ...environment };
}

/** The platform's own folder for a program's data. Throws `E_SETTING` where this user has no home folder. */
export function defaultHome(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_DATA_HOME, LOCALAPPDATA } = environment;
  const inHome = (...path: string[]) => join(homeFolder(environment) ?? noHomeFolder(), ...path);
  switch (process.platform) {
    case 'darwin':
      return inHome('Library', 'Application Support', 'webex-token');
    case 'win32':
      return join(LOCALAPPDATA || inHome('AppData', 'Local'), 'webex-token', 'Data');
    default:
      // XDG Base Directory Specification: a relative path is to be ignored.
      return join(
        isAbsolute(XDG_DATA_HOME ?? '') ? `${XDG_DATA_HOME}` : inHome('.local', 'share'),
        'webex-token',
      );
  }
}

function noHomeFolder(): never {
  throw new BrokerError(
    'E_SETTING',
    `WEBEX_TOKEN_HOME is not set, and this user (${userName()}) has no home folder to use instead: name one that this user may write in, for example WEBEX_TOKEN_HOME=/var/lib/webex-token`,
  );
}

function readDotEnv(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new BrokerError('E_SETTING', `The file ${file} cannot be read.`, { cause: error });
  }
}
