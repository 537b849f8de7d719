import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultHome, environmentWithDotEnv } from '../environment.ts';
import { type Format, formats, formatToken, type HandedToken } from '../handoff/formats.ts';
import { secondsLeft } from '../handoff/handed-token.ts';
import { unwrapDataKey } from '../keys/data-key.ts';
import { keyIdOf } from '../keys/jwe.ts';
import { readKeyFile } from '../keys/key-file.ts';
import { keyId } from '../keys/key-id.ts';
import { openToken } from '../keys/key-ring.ts';
import { refuseLooseFile, refuseLooseFolder } from '../private-files.ts';
import { userName } from '../process/person.ts';
import { newestMigration } from '../store/migrations/newest.ts';
import { openSqliteFile } from '../store/sqlite-file.ts';
import {
  appendAuditRows,
  hasMigration,
  type StoredToken,
  storedDataKeys,
  storedToken,
} from '../store/sqlite-read.ts';
import { publishedEndpoints, tenantUrl } from '../webex/deployments.ts';
import { failed } from './exit-codes.ts';
import { writeMessage, writeResult } from './output.ts';

/**
 * The short way for `get PROFILE`, in every format but one, the one command that scripts run all the time: a token that is there, not expired,
 * in SQLite, under a key file. It loads nothing that this does not need. Everything else, every error above all,
 * is left to the whole program: false, with nothing printed and nothing written.
 */
export function shortGet(args: string[]): boolean {
  const [profile, ...options] = args;
  const format = formatOf(options);
  if (profile === undefined || profile.startsWith('-') || format === undefined) return false;
  const line = readIfEasy(profile, format);
  if (line === null) return false;
  try {
    writeResult(line);
  } catch (error) {
    // The token was read, which is in the log: the whole program would read it, and log it, once more.
    writeMessage(`webex-token: ${error instanceof Error ? error.message : ''}\n`);
    process.exitCode = failed;
  }
  return true;
}

function readIfEasy(profile: string, format: Format): string | null {
  try {
    return read(profile, format);
  } catch {
    return null;
  }
}

/** Undefined where the whole program has to look at the options. For `terraform`, it reads a query. */
function formatOf(options: string[]): Format | undefined {
  const [flag, value, ...more] = options.flatMap((option) => option.split('=', 2));
  if (flag === undefined) return 'raw';
  if (flag !== '--format' || more.length > 0) return undefined;
  return formats.find((format) => format === value && format !== 'terraform');
}

function read(profile: string, format: Format): string | null {
  const environment = environmentWithDotEnv(process.env);
  if (environment.WEBEX_TOKEN_DATABASE_URL || environment.WEBEX_TOKEN_PASSPHRASE) return null;
  // The tenant URL is made of these, and they would have to be checked.
  if (environment.WEBEX_TOKEN_SCIM_URL || environment.WEBEX_TOKEN_SCIM_F_URL) {
    if (format !== 'raw' && format !== 'header' && format !== 'curl') return null;
  }
  const home = environment.WEBEX_TOKEN_HOME || defaultHome();
  const file = join(home, 'store.db');
  if (!existsSync(file)) return null;
  refuseLooseFolder(home);
  refuseLooseFile(file);

  const key = readKeyFile(environment.WEBEX_TOKEN_KEY_FILE || join(home, 'key.jwk'));
  if (key === null) return null;
  const database = openSqliteFile(file);
  if (!hasMigration(database, newestMigration)) return null;
  const token = storedToken(database, profile);
  if (token === undefined || token.expiresAt <= Date.now()) return null;
  const dataKeyId = keyIdOf(token.sealed);
  const keyEncryptionKeyId = keyId(key);
  const wrapped = storedDataKeys(database, 'file').find(
    (each) => each.dataKeyId === dataKeyId && each.keyEncryptionKeyId === keyEncryptionKeyId,
  );
  if (wrapped === undefined) return null;
  const accessToken = openToken(token.sealed, unwrapDataKey(wrapped, key), dataKeyId, token);
  const text = formatToken(format, handed(profile, token, accessToken));
  // Written to the disk before anything of the token leaves.
  appendAuditRows(database, Date.now(), [{ action: 'read', outcome: 'ok', profile, user: userName() }]);
  return `${text}\n`;
}

function handed(profile: string, token: StoredToken, accessToken: string): HandedToken {
  const { expiresAt, deployment, orgId, scopes } = token;
  return {
    accessToken,
    expiresIn: secondsLeft(expiresAt, Date.now()),
    expiresAt: new Date(expiresAt).toISOString(),
    scope: (JSON.parse(scopes) as string[]).join(' '),
    orgId,
    tenantUrl: orgId === null ? null : tenantUrl(publishedEndpoints[deployment], orgId),
    profile,
  };
}
