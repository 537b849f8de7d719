import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings, type Settings } from '../../../src/config/settings.ts';
import type { Keychain } from '../../../src/crypto/keychain.ts';
import type { Token } from '../../../src/domain/token.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { verifyAudit } from '../../../src/store/audit/audit.ts';
import { tokensOf, updateToken } from '../../../src/store/profiles/tokens.ts';
import type { Vault, VaultOptions } from '../../../src/vault/context.ts';
import { type SignInRequest, startSignIn } from '../../../src/vault/sign-in/start-sign-in.ts';
import { databaseFile } from '../../../src/vault/store-location.ts';
import { closeVault, openVault } from '../../../src/vault/vault.ts';
import { atEnd, forFile } from '../for-file.ts';
import { engine, newPostgresPlace, prepareSqliteFile } from '../store/engines.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { copyVault, isFirstCopy, type PreparedVault, preparedVault } from './prepared-vault.ts';

/** The day on which these tests take place: 2027-03-01. */
export const today = Date.UTC(2027, 2, 1);

export const actor = { user: 'ada' };

export const noKeychain: Keychain = {
  get: () => Promise.reject(new Error('no keychain in tests')),
  set: () => Promise.reject(new Error('no keychain in tests')),
  delete: () => Promise.reject(new Error('no keychain in tests')),
};

/** For a vault that reaches nothing. */
export const offline = { fetch: () => Promise.reject(new Error('offline')) };

/** Settings for a store with empty tables. Only the given variables are read; the others have their documented defaults. */
export async function testSettings(simulator?: Simulator): Promise<Settings> {
  const settings = await newSettings(simulator);
  if (engine === 'sqlite') await prepareSqliteFile(databaseFile(settings.home));
  return settings;
}

async function newSettings(simulator?: Simulator): Promise<Settings> {
  const home = join(temporaryFolder(), 'home');
  mkdirSync(home, { mode: 0o700 });
  const settings = readSettings({
    WEBEX_TOKEN_HOME: home,
    ...(engine === 'postgres' && { WEBEX_TOKEN_DATABASE_URL: await newPostgresPlace() }),
  });
  return simulator === undefined ? settings : { ...settings, webex: simulator.endpoints };
}

/** Like `testSettings`, but for a store with keys that a vault created `today`, if that is the first one in the test. */
export async function settingsWithKeys(simulator?: Simulator): Promise<Settings> {
  if (!isFirstCopy()) return await testSettings(simulator);
  prepared ??= newPreparedVault();
  const settings = await newSettings(simulator);
  await copyVault(await prepared, settings);
  return settings;
}

let prepared: Promise<PreparedVault> | undefined;

async function newPreparedVault(fill?: (vault: Vault) => Promise<void>): Promise<PreparedVault> {
  const settings = await testSettings();
  const vault = await openVault(settings, { ...offline, keychain: noKeychain, now: () => today });
  await fill?.(vault);
  await closeVault(vault);
  return await preparedVault(settings);
}

/**
 * For tests that begin with the same rows: `fill` writes them once, in a vault that each test gets a copy of. Call this
 * outside of tests, and what it returns within them.
 */
export function filledVault<T>(
  fill: (vault: Vault) => Promise<T>,
): () => Promise<{ vault: TestVault; filled: T }> {
  const original = forFile(async () => {
    const made: T[] = [];
    const copied = await newPreparedVault(async (vault) => void made.push(await fill(vault)));
    return { copied, filled: made[0] as T };
  });
  return async () => {
    const settings = await newSettings();
    await copyVault(original().copied, settings);
    return { vault: await newVault(undefined, { settings }), filled: original().filled };
  };
}

export interface TestVault extends Vault {
  /** The time of the clock from now on. Epoch milliseconds. */
  setNow(now: number): void;
  notices: string[];
}

/**
 * A vault closed when the test ends, on the engine under test: a new one, or with the settings of another vault the
 * same store once more. Only the simulator is reached.
 */
export async function newVault(
  simulator?: Simulator,
  { settings, ...options }: VaultOptions & { settings?: Settings } = {},
): Promise<TestVault> {
  let now = today;
  const notices: string[] = [];
  const isUsual = options.keychain === undefined && options.now === undefined;
  const settingsOf = isUsual ? settingsWithKeys : testSettings;
  const vault = await openVault(settings ?? (await settingsOf(simulator)), {
    ...(simulator === undefined ? offline : { fetch: globalThis.fetch }),
    keychain: noKeychain,
    now: () => now,
    onWarning: (text) => notices.push(text),
    ...options,
  });
  atEnd(() => closeVault(vault));
  return {
    ...vault,
    notices,
    setNow: (value) => {
      now = value;
    },
  };
}

/** The state of a sign-in that was started in the browser session `binding`. */
export async function startedSignIn(
  vault: Vault,
  request: SignInRequest,
  binding = 'this browser',
): Promise<string> {
  const { authorizeUrl } = await startSignIn(vault, request, binding);
  return new URL(authorizeUrl).searchParams.get('state') ?? '';
}

/** An ID broker's response, as it follows the `#`. A parameter that is null is left out. */
export function fragment(parameters: Record<string, string | null>): string {
  const all = { token_type: 'Bearer', expires_in: '3887999', ...parameters };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
  return `#${new URLSearchParams(given)}`;
}

/** The response with a token that was captured just now and has the documented lifetime of a year. */
export function justCaptured(accessToken: string): string {
  return fragment({ access_token: accessToken, expires_in: null });
}

export async function allTokens(vault: Vault, profileName: string): Promise<Token[]> {
  const profile = await vault.db
    .selectFrom('profile')
    .select('id')
    .where('name', '=', profileName)
    .executeTakeFirst();
  return profile === undefined ? [] : await tokensOf(vault.db, profile.id);
}

/** Records that Webex rejects every token since then, or with null no longer. */
export async function markRejected(vault: Vault, rejectedAt: number | null): Promise<void> {
  const rows = await vault.db.selectFrom('token').select('id').execute();
  for (const { id } of rows) await updateToken(vault.db, id, { rejectedAt });
}

/**
 * The audit log in short, oldest first: "action outcome profile". Fails if it is broken. On PostgreSQL, the rows of the
 * API follow those of the transactions that change the store.
 */
export async function auditLog(vault: Vault): Promise<string[]> {
  const { broken } = await verifyAudit(vault.db);
  if (broken !== null) throw new Error(`the audit chain is broken at ${broken.seq}: ${broken.reason}`);
  const rows = await vault.db.selectFrom('audit').selectAll().orderBy('chain').orderBy('seq').execute();
  return rows.map(({ action, outcome, profile }) => [action, outcome, profile ?? '-'].join(' '));
}

/** The names of the files under a folder that hold the text, in the clear or in a usual encoding. */
export function filesHolding(folder: string, text: string): string[] {
  const bytes = Buffer.from(text);
  const needles = [bytes, Buffer.from(text, 'utf16le'), ...['hex', 'base64', 'base64url'].map(encoded)];
  function encoded(encoding: string): Buffer {
    // The characters after the last complete group of three bytes depend on the next bytes.
    return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 3)).toString(encoding as 'hex'));
  }
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => {
      const content = readFileSync(file);
      return needles.some((needle) => content.includes(needle));
    });
}
