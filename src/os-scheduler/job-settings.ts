import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { settingVariables } from '../config/settings.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { assertPrivateFile } from '../files/private-files.ts';
import type { InstalledJob } from './scheduler.ts';

/*
 * A scheduler starts its jobs with an environment of its own. What the job needs of the environment in which it was
 * installed lies in a file for its owner alone, in the data folder; the job itself names only that file.
 */

/** The file of these settings. */
export function jobSettingsFile(home: string): string {
  return join(home, 'schedule.json');
}

/** The same, from a job as a scheduler has it; null where it names none. */
export function settingsFileOf({ command }: Pick<InstalledJob, 'command'>): string | null {
  const at = command?.indexOf('--scheduled') ?? -1;
  return at < 0 ? null : (command?.[at + 1] ?? null);
}

/** The keys of the store: written down beside it, they would open it to whoever gets that folder. */
const passphrases = ['WEBEX_TOKEN_PASSPHRASE'];

/** Of no use to a job that sends reminders. */
const unneeded = /^OKTA_|^WEBEX_TOKEN_(NEW|BACKUP)_PASSPHRASE$/;

const files = [
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
  /** Variables and their values, secrets among them. */
  environment: Record<string, string>;
  /** The names of variables that the job would need and will not have. */
  missing: string[];
}

/**
 * What of this environment the job needs. `.env` it reads by itself.
 *
 * @param home The data folder, absolute.
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
    .map(([name, value]) => [name, files.includes(name) ? absolute(value) : value]);
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
    (files.includes(name) && !name.startsWith('PG')) ||
    /^(https?|all|no)_proxy$/i.test(name) ||
    name === 'TZ'
  );
}

/** The job starts in another folder. What begins with ~ is for whoever reads it. */
function absolute(path: string): string {
  return path.startsWith('~') ? path : resolve(path);
}

const schema = z.object({ environment: z.record(z.string(), z.string()) });

export function jobSettingsText({ environment }: JobSettings): string {
  return `${JSON.stringify({ environment }, null, 2)}\n`;
}

/** Puts the settings of the file into this process's environment. Throws `E_SCHEDULE`, `E_FILE_PERMISSIONS`. */
export function applyJobSettings(file: string): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unusable(file, 'cannot be read', error);
  }
  assertPrivateFile(file);
  try {
    Object.assign(process.env, schema.parse(JSON.parse(text)).environment);
  } catch (error) {
    throw unusable(file, 'is damaged', error);
  }
}

function unusable(file: string, why: string, cause: unknown): BrokerError {
  return new BrokerError('E_SCHEDULE', `The settings of the scheduled job, ${file}, ${why}.`, {
    help: 'Write them again with: webex-token schedule install',
    cause,
  });
}
