import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { unwrapDataKey } from '../../crypto/data-key.ts';
import { kidOf } from '../../crypto/jwe.ts';
import { readKeyFile } from '../../crypto/key-file.ts';
import { keyId } from '../../crypto/key-id.ts';
import { openToken } from '../../crypto/key-ring.ts';
import { keychainFailure, systemKeychain } from '../../crypto/keychain.ts';
import { dayMs } from '../../domain/lifetimes.ts';
import { defaultReminderDays } from '../../domain/reminder-triggers.ts';
import { defaultHome, environmentWithDotEnv } from '../../environment/environment.ts';
import { userName } from '../../environment/os-user.ts';
import { assertPrivateDirectory, assertPrivateFile } from '../../files/private-files.ts';
import type { TokenOutput } from '../../output/formats.ts';
import { timeLeft } from '../../output/token-output.ts';
import { parseListColumn } from '../../store/database/stored-json.ts';
import type { DataKeys } from '../../store/integrity/mac-keys.ts';
import { parseIdentity } from '../../store/meta/incarnation.ts';
import { newestMigration } from '../../store/migrations/newest.ts';
import { openSqliteFile } from '../../store/sqlite/file.ts';
import {
  appendAuditRows,
  hasMigration,
  keyIdsOf,
  type StoredToken,
  storedDataKeys,
  storedHash,
  storedState,
  storedToken,
} from '../../store/token-requests/sqlite-fast-path.ts';
import { checkRowsNow } from '../../store/token-requests/sqlite-row-check.ts';
import { seenChains } from '../../vault/integrity/seen-chains.ts';
import {
  seenKeysEntry,
  seenKeysFile,
  seenPlaces,
  seenStateEntry,
} from '../../vault/integrity/seen-location.ts';
import { parseSeenStates, type SeenState } from '../../vault/integrity/seen-state.ts';
import { publishedEndpoints, tenantUrl } from '../../webex/deployments.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { standardError } from '../terminal/standard-streams.ts';
import { reportError } from '../terminal/terminal.ts';

/*
 * The shared part of the fast paths of `get` and `exec`, which scripts run often. It handles one case: a token that has not
 * expired, in SQLite, with a key file or the keychain. It loads only the code that this case needs. In every other case, and
 * after every error, it has printed and written nothing, and the full program runs.
 */

/** Whether the fast path handled the command. If not, the full program has to run. */
export type Handled = boolean | Promise<boolean>;

/** Reads a profile's current token and passes it to `use` once its audit row is on disk, while the database is still open. */
export function readTokenFast(
  profile: string,
  needsTenantUrl: boolean,
  use: (token: TokenOutput, database: DatabaseSync) => void,
): Handled {
  try {
    const store = openIfSimple(needsTenantUrl);
    if (store === null) return false;
    const ready = fileKey(store);
    if (ready !== null) return readWith(store, ready, profile, use);
    const keys = keyIdsOf(store.database, 'keychain');
    const [id] = keys;
    // With several keychain keys, or a missing key file, the full program finds the key or reports why there is none.
    if (id === undefined || keys.length > 1) return false;
    return keychainKey(store, id).then(
      (key) => key !== null && readWith(store, key, profile, use),
      (error: unknown) => {
        // The full program would show the keychain's prompt a second time.
        const failure = keychainFailure(error);
        reportError(failure);
        process.exitCode = exitCodeOf(failure);
        return true;
      },
    );
  } catch {
    return false;
  }
}

interface SimpleStore {
  environment: NodeJS.Dict<string>;
  home: string;
  keyFile: string;
  database: DatabaseSync;
}

function openIfSimple(needsTenantUrl: boolean): SimpleStore | null {
  const environment = environmentWithDotEnv(process.env);
  if (environment.WEBEX_TOKEN_DATABASE_URL || environment.WEBEX_TOKEN_PASSPHRASE) return null;
  // The tenant URL depends on these settings, which would have to be validated.
  if (needsTenantUrl && (environment.WEBEX_TOKEN_SCIM_URL || environment.WEBEX_TOKEN_SCIM_F_URL)) return null;
  const home = environment.WEBEX_TOKEN_HOME || defaultHome();
  const file = join(home, 'store.db');
  if (!existsSync(file)) return null;
  assertPrivateDirectory(home);
  assertPrivateFile(file);
  const database = openSqliteFile(file);
  if (!hasMigration(database, newestMigration)) return null;
  const keyFile = environment.WEBEX_TOKEN_KEY_FILE || join(home, 'key.jwk');
  return { environment, home, keyFile, database };
}

/** The key-encryption key of this host, and what is stored next to it. */
interface HostKey {
  kind: 'file' | 'keychain';
  key: Buffer;
  /** The data keys last seen; see key-memory.ts. As JSON. */
  seenKeys: string[];
  /** The states last seen; see rollback-detection.ts. As JSON. */
  seenStates: string[];
}

function fileKey({ home, keyFile }: SimpleStore): HostKey | null {
  const key = readKeyFile(keyFile);
  if (key === null) return null;
  const nextToKey = placesOf(home).map((place) => seenKeysFile(keyFile, place));
  return {
    kind: 'file',
    key,
    seenKeys: textsOf([...nextToKey, join(home, 'store.keys.seen')]),
    seenStates: textsOf([`${keyFile}.seen`]),
  };
}

function placesOf(home: string): string[] {
  return seenPlaces({ home, databaseUrl: null });
}

/** The contents of those files that exist. */
function textsOf(files: string[]): string[] {
  return files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'));
}

/** Null if the keychain does not contain the key. Throws if the keychain does not respond. */
async function keychainKey({ home }: SimpleStore, id: string): Promise<HostKey | null> {
  // Read one after the other, so that a locked keychain shows its prompt only once.
  const key = await systemKeychain.get(id);
  if (key === null || keyId(key) !== id) return null;
  const places = placesOf(home);
  const [seenKeys, seenStates] = await Promise.all([
    entries(places.map(seenKeysEntry)),
    entries(places.map(seenStateEntry)),
  ]);
  return {
    kind: 'keychain',
    key,
    seenKeys,
    seenStates,
  };
}

/** The contents of those keychain entries that exist. */
async function entries(names: string[]): Promise<string[]> {
  const found = await Promise.all(names.map((name) => systemKeychain.get(name)));
  return found.filter((bytes) => bytes !== null).map((bytes) => bytes.toString('utf8'));
}

function readWith(
  store: SimpleStore,
  hostKey: HostKey,
  profile: string,
  use: (token: TokenOutput, database: DatabaseSync) => void,
): boolean {
  const token = readIfSimple(store, hostKey, profile);
  if (token === null) return false;
  // This read is already in the audit log. The full program would read the token and log it a second time.
  try {
    use(token, store.database);
  } catch (error) {
    reportError(error);
    process.exitCode = exitCodeOf(error);
  }
  return true;
}

function readIfSimple(store: SimpleStore, hostKey: HostKey, profile: string): TokenOutput | null {
  try {
    return read(store, hostKey, profile);
  } catch {
    return null;
  }
}

function read({ database, environment, home }: SimpleStore, hostKey: HostKey, profile: string) {
  const id = keyId(hostKey.key);
  const wrapped = storedDataKeys(database, hostKey.kind).filter((each) => each.keyEncryptionKeyId === id);
  const dataKeys = wrapped.map((each) => ({ id: each.dataKeyId, key: unwrapDataKey(each, hostKey.key) }));
  const [primaryKey] = dataKeys;
  // With several keys, or another key than last time, the full program decides whether they can be trusted.
  if (primaryKey === undefined || dataKeys.length > 1) return null;
  if (!hostKey.seenKeys.every((memory) => dataKeyIdIn(memory) === primaryKey.id)) return null;
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
  checkState(database, keys, hostKey.seenStates, home, stored);
  database.exec('commit');
  const { token } = stored;
  const dataKeyId = kidOf(token.ciphertext);
  const dataKey = dataKeys.find(({ id }) => id === dataKeyId);
  if (dataKey === undefined) return null;
  const place = { tokenId: token.id, profileId: String(stored.profile.id) };
  const output = outputOf(profile, stored, openToken(token.ciphertext, dataKey.key, dataKeyId, place));
  // The audit row is on disk before the token is returned.
  const entry = { action: 'read', outcome: 'ok', profile, user: userName() };
  appendAuditRows(database, keys, Date.now(), [entry]);
  return output;
}

/** Whether a warning may be needed on the terminal. Only the full program reads the reminder days, so it has to decide. */
function mayNeedWarning({ token }: StoredToken, environment: NodeJS.Dict<string>): boolean {
  const [firstReminder = 0] = defaultReminderDays;
  return (
    token.rejected_at !== null ||
    Boolean(environment.WEBEX_TOKEN_REMINDER_DAYS) ||
    token.expires_at <= Date.now() + firstReminder * dayMs
  );
}

/** The data key that this host has seen last. */
function dataKeyIdIn(memory: string): unknown {
  return (JSON.parse(memory) as { dataKeyId?: unknown }).dataKeyId;
}

/** Throws if the rows or the store were changed or rolled back. The full program then reports the problem. */
function checkState(
  database: DatabaseSync,
  keys: DataKeys,
  seenStates: string[],
  home: string,
  { profile, token }: StoredToken,
): void {
  const all: Record<string, SeenState> = Object.assign({}, ...seenStates.map(parseSeenStates));
  const state = storedState(database);
  if (state === undefined) throw new Error('the rows have no MAC');
  checkRowsNow(database, keys)({ counter: state.counter, mac: state.mac }, [
    { kind: 'profile', row: profile },
    { kind: 'token', row: token },
  ]);
  const identity = parseIdentity(state.identity);
  for (const seen of placesOf(home).flatMap((place) => all[place] ?? [])) {
    const follows = seenChains(seen).every(
      ({ chain, seq, hash }) =>
        state.chains.some((end) => end.id === chain && end.seq >= seq) &&
        storedHash(database, chain, seq)?.startsWith(hash),
    );
    const same = identity.id === seen.id && identity.incarnation === seen.incarnation;
    if (!same || !follows || state.counter < (seen.changes ?? 0))
      throw new Error('the store was rolled back');
  }
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
