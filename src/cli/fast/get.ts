import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { unwrapDataKey } from '../../crypto/data-key.ts';
import { kidOf } from '../../crypto/jwe.ts';
import { readKeyFile } from '../../crypto/key-file.ts';
import { keyId } from '../../crypto/key-id.ts';
import { openToken } from '../../crypto/key-ring.ts';
import { dayMs } from '../../domain/lifetimes.ts';
import { defaultReminderDays } from '../../domain/reminder-triggers.ts';
import { defaultHome, environmentWithDotEnv } from '../../environment/environment.ts';
import { userName } from '../../environment/os-user.ts';
import { assertPrivateDirectory, assertPrivateFile } from '../../files/private-files.ts';
import { type Format, formats, formatToken, type TokenOutput } from '../../output/formats.ts';
import { timeLeft } from '../../output/token-output.ts';
import { parseListColumn } from '../../store/database/stored-json.ts';
import type { DataKeys } from '../../store/integrity/mac-keys.ts';
import { parseIdentity } from '../../store/meta/incarnation.ts';
import { newestMigration } from '../../store/migrations/newest.ts';
import { openSqliteFile } from '../../store/sqlite/file.ts';
import {
  appendAuditRows,
  hasMigration,
  type StoredToken,
  storedDataKeys,
  storedState,
  storedToken,
} from '../../store/token-requests/sqlite-fast-path.ts';
import { checkRowsNow } from '../../store/token-requests/sqlite-row-check.ts';
import { seenPlace } from '../../vault/integrity/seen-location.ts';
import { parseSeenStates } from '../../vault/integrity/seen-state.ts';
import { publishedEndpoints, tenantUrl } from '../../webex/deployments.ts';
import { failed } from '../exit-codes.ts';
import { writeMessage, writeResult } from '../terminal/output.ts';
import { standardError } from '../terminal/standard-streams.ts';

/**
 * A fast path for `get PROFILE`, which scripts run often: a token that has not expired, in SQLite, with a key file, in any
 * format but `terraform`. It loads only what this case needs. Every other case, and every error, is left to the whole
 * program: then this returns false, and has printed and written nothing.
 */
export function fastGet(args: string[]): boolean {
  const [profile, ...options] = args;
  const format = formatOf(options);
  if (profile === undefined || profile.startsWith('-') || format === undefined) return false;
  const line = readIfSimple(profile, format);
  if (line === null) return false;
  try {
    writeResult(line);
  } catch (error) {
    // The audit log has this read already. The whole program would read the token, and log it, again.
    writeMessage(`webex-token: ${error instanceof Error ? error.message : ''}\n`);
    process.exitCode = failed;
  }
  return true;
}

function readIfSimple(profile: string, format: Format): string | null {
  try {
    return read(profile, format);
  } catch {
    return null;
  }
}

/** Undefined if the whole program has to parse the options. For `terraform`, it also reads a query. */
function formatOf(options: string[]): Format | undefined {
  const [flag, value, ...more] = options.flatMap((option) => option.split('=', 2));
  if (flag === undefined) return 'raw';
  if (flag !== '--format' || more.length > 0) return undefined;
  return formats.find((format) => format === value && format !== 'terraform');
}

function read(profile: string, format: Format): string | null {
  const environment = environmentWithDotEnv(process.env);
  if (environment.WEBEX_TOKEN_DATABASE_URL || environment.WEBEX_TOKEN_PASSPHRASE) return null;
  // The tenant URL depends on these, and they would have to be validated.
  if (environment.WEBEX_TOKEN_SCIM_URL || environment.WEBEX_TOKEN_SCIM_F_URL) {
    if (format !== 'raw' && format !== 'header' && format !== 'curl') return null;
  }
  const home = environment.WEBEX_TOKEN_HOME || defaultHome();
  const file = join(home, 'store.db');
  if (!existsSync(file)) return null;
  assertPrivateDirectory(home);
  assertPrivateFile(file);

  const keyFile = environment.WEBEX_TOKEN_KEY_FILE || join(home, 'key.jwk');
  const key = readKeyFile(keyFile);
  if (key === null) return null;
  const database = openSqliteFile(file);
  if (!hasMigration(database, newestMigration)) return null;
  const id = keyId(key);
  const wrapped = storedDataKeys(database, 'file').filter((each) => each.keyEncryptionKeyId === id);
  const dataKeys = wrapped.map((each) => ({ id: each.dataKeyId, key: unwrapDataKey(each, key) }));
  const [primaryKey] = dataKeys;
  // Several keys, or another key than last time: the whole program decides whether they can be trusted.
  if (primaryKey === undefined || dataKeys.length > 1) return null;
  if (!isLastSeen(keyFile, home, primaryKey.id)) return null;
  const keys: DataKeys = {
    ring: { primaryKey, dataKeys },
    refresh: () => Promise.resolve(),
    refreshError: null,
  };
  // One transaction, because another process may be writing.
  database.exec('begin');
  const stored = storedToken(database, profile);
  if (stored === undefined || stored.token.expires_at <= Date.now()) return null;
  if (standardError().isTTY && mayNeedWarning(stored, environment)) return null;
  checkState(database, keys, `${keyFile}.seen`, home, stored);
  database.exec('commit');
  const { token } = stored;
  const dataKeyId = kidOf(token.ciphertext);
  const dataKey = dataKeys.find(({ id }) => id === dataKeyId);
  if (dataKey === undefined) return null;
  const place = { tokenId: token.id, profileId: String(stored.profile.id) };
  const accessToken = openToken(token.ciphertext, dataKey.key, dataKeyId, place);
  const text = formatToken(format, outputOf(profile, stored, accessToken));
  // The audit row is on disk before the token leaves.
  const entry = { action: 'read', outcome: 'ok', profile, user: userName() };
  appendAuditRows(database, keys, Date.now(), [entry]);
  return `${text}\n`;
}

/** Whether the whole program may have to warn the person at the terminal. Only it reads the days of the reminders. */
function mayNeedWarning({ token }: StoredToken, environment: NodeJS.ProcessEnv): boolean {
  const [firstReminder = 0] = defaultReminderDays;
  return (
    token.rejected_at !== null ||
    Boolean(environment.WEBEX_TOKEN_REMINDER_DAYS) ||
    token.expires_at <= Date.now() + firstReminder * dayMs
  );
}

/** Whether a data key is the one that this host has seen last, if it has seen any: see key-memory.ts. */
function isLastSeen(keyFile: string, home: string, dataKeyId: string): boolean {
  const place = seenPlace({ home, databaseUrl: null }).slice(0, 8);
  for (const file of [`${keyFile}.${place}.keys.seen`, join(home, 'store.keys.seen')]) {
    if (!existsSync(file)) continue;
    const seen = JSON.parse(readFileSync(file, 'utf8')) as { dataKeyId?: unknown };
    if (seen.dataKeyId !== dataKeyId) return false;
  }
  return true;
}

/** Throws if the rows or the store were changed or rolled back. The whole program then reports the problem. */
function checkState(
  database: DatabaseSync,
  keys: DataKeys,
  seenFile: string,
  home: string,
  { profile, token }: StoredToken,
): void {
  const all = existsSync(seenFile) ? parseSeenStates(readFileSync(seenFile, 'utf8')) : {};
  const seen = all[seenPlace({ home, databaseUrl: null })];
  const state = storedState(database, seen?.seq ?? 0);
  if (state === undefined) throw new Error('the rows have no MAC');
  checkRowsNow(database, keys)({ counter: state.counter, mac: state.mac }, [
    { kind: 'profile', row: profile },
    { kind: 'token', row: token },
  ]);
  if (seen === undefined) return;
  const identity = parseIdentity(state.identity);
  const same =
    identity.id === seen.id && identity.incarnation === seen.incarnation && state.hash === seen.hash;
  if (!same || state.seq < seen.seq || state.counter < (seen.changes ?? 0))
    throw new Error('the store was rolled back');
}

function outputOf(name: string, { profile, token }: StoredToken, accessToken: string): TokenOutput {
  const { expires_at: expiresAt, scopes } = token;
  const { deployment, org_id: orgId } = profile;
  return {
    accessToken,
    ...timeLeft(expiresAt, Date.now()),
    scope: parseListColumn(scopes, 'token.scopes').join(' '),
    orgId,
    tenantUrl: orgId === null ? null : tenantUrl(publishedEndpoints[deployment], orgId),
    profile: name,
  };
}
