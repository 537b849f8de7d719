import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { settingVariables } from '../config/settings.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { assertPrivateFile } from '../files/private-files.ts';
import type { InstalledJob } from './scheduler.ts';

/*
 * A scheduler starts its jobs with a different environment. The variables that the job needs are stored, when it is
 * installed, in a file in the data directory that only its owner may read; the job itself names only that file.
 */

/** The path of the settings file. */
export function jobSettingsFile(home: string): string {
  return join(home, 'schedule.json');
}

/** The settings file that an installed job names, or null. */
export function settingsFileOf({ command }: Pick<InstalledJob, 'command'>): string | null {
  const at = command?.indexOf('--scheduled') ?? -1;
  return at < 0 ? null : (command?.[at + 1] ?? null);
}

/** Never written to the settings file: next to the store, it would decrypt it for anyone who gets that directory. */
const passphrases = ['WEBEX_TOKEN_PASSPHRASE'];

/** Not used by `remind`. */
const unneeded = /^OKTA_|^WEBEX_TOKEN_(NEW|BACKUP)_PASSPHRASE$/;

/** Variables whose values are paths. */
const pathVariables = [
  'WEBEX_TOKEN_KEY_FILE',
  'AZURE_CLIENT_CERTIFICATE_PATH',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'PGPASSFILE',
  'PGSSLROOTCERT',
  'PGSSLCERT',
  'PGSSLKEY',
];

export interface JobSettings {
  /** Variables and their values, including secrets. */
  environment: Record<string, string>;
  /** The names of variables that are set here and that the job needs but will not have. */
  missing: string[];
}

/**
 * Selects the variables that the job needs. It reads `.env` itself, so that variables set there are left out.
 *
 * @param home The absolute path of the data directory.
 */
export function jobSettings(
  environment: Readonly<NodeJS.Dict<string>>,
  dotEnv: Readonly<NodeJS.Dict<string>>,
  home: string,
): JobSettings {
  const given = Object.entries(environment).filter(
    (entry): entry is [string, string] => Boolean(entry[1]) && entry[1] !== dotEnv[entry[0]],
  );
  const usesPostgres = Boolean({ ...dotEnv, ...environment }.WEBEX_TOKEN_DATABASE_URL);
  const carried = given
    .filter(([name]) => isNeeded(name) || (usesPostgres && /^PG[A-Z]+$/.test(name)))
    .map(([name, value]) => [name, pathVariables.includes(name) ? absolute(value) : value]);
  return {
    environment: { ...Object.fromEntries(carried.sort()), WEBEX_TOKEN_HOME: home },
    missing: given
      .map(([name]) => name)
      .filter((name) => passphrases.includes(name) || name === 'NODE_OPTIONS'),
  };
}

function isNeeded(name: string): boolean {
  if (passphrases.includes(name) || unneeded.test(name)) return false;
  return (
    settingVariables.includes(name) ||
    (pathVariables.includes(name) && !name.startsWith('PG')) ||
    /^(https?|all|no)_proxy$/i.test(name) ||
    name === 'TZ'
  );
}

/** Absolute, because the job starts in another directory. `~` is expanded where the variable is read. */
function absolute(path: string): string {
  return path.startsWith('~') ? path : resolve(path);
}

const schema = z.object({ environment: z.record(z.string(), z.string()) });

export function jobSettingsText({ environment }: JobSettings): string {
  return `${JSON.stringify({ environment }, null, 2)}\n`;
}

/** Loads the settings file into the environment of this process. Throws `E_SCHEDULE` or `E_FILE_PERMISSIONS`. */
export function applyJobSettings(file: string): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw settingsError(file, 'cannot be read', error);
  }
  assertPrivateFile(file);
  try {
    Object.assign(process.env, schema.parse(JSON.parse(text)).environment);
  } catch (error) {
    throw settingsError(file, 'is invalid', error);
  }
}

function settingsError(file: string, why: string, cause: unknown): BrokerError {
  return new BrokerError('E_SCHEDULE', `The settings file of the scheduled job, ${file}, ${why}.`, {
    help: { text: 'Write it again', command: ['schedule', 'install'] },
    cause,
  });
}
