import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import envPaths from 'env-paths';
import { BrokerError } from './errors.ts';
import { packageRoot } from './package-root.ts';

/** The environment, and from `.env` beside package.json what it leaves out. Throws `E_SETTING`. */
export function environmentWithDotEnv(
  environment: NodeJS.ProcessEnv,
  folder = packageRoot,
): NodeJS.Dict<string> {
  return { ...readDotEnv(join(folder, '.env')), ...environment };
}

/** The platform's own folder for a program's data. */
export function defaultHome(): string {
  return envPaths('webex-token', { suffix: '' }).data;
}

function readDotEnv(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new BrokerError('E_SETTING', `The file ${file} cannot be read.`, { cause: error });
  }
}
