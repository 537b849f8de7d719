import { join } from 'node:path';
import type { Settings } from '../../../src/config/settings.ts';
import type { Keychain } from '../../../src/crypto/keychain.ts';
import type { Vault } from '../../../src/vault/context.ts';
import { importToken } from '../../../src/vault/sign-in/import-token.ts';
import { readToken } from '../../../src/vault/tokens/read-token.ts';
import { runScript } from '../run-script.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { usualToken } from '../webex/fake-tokens.ts';
import { actor, newVault, type TestVault, testSettings } from './test-vault.ts';

/** A keychain as desktops have one, in memory. */
export function memoryKeychain(): Keychain & { entries: Map<string, Buffer> } {
  const entries = new Map<string, Buffer>();
  return {
    entries,
    get: (id) => Promise.resolve(entries.get(id) ?? null),
    set: (id, key) => Promise.resolve(void entries.set(id, Buffer.from(key))),
    delete: (id) => Promise.resolve(void entries.delete(id)),
  };
}

/** A machine with its own keychain and data folder, and a store that all machines share. */
export interface Host {
  settings: Settings;
  keychain: ReturnType<typeof memoryKeychain>;
  open: () => Promise<TestVault>;
}

export async function hosts(count: number): Promise<Host[]> {
  const shared = await testSettings();
  return Array.from({ length: count }, () => {
    const keychain = memoryKeychain();
    // On SQLite the database is in the data folder, so that it is the same for all; the keys are not.
    const settings = {
      ...shared,
      ...(shared.databaseUrl !== null && { home: join(temporaryFolder(), 'home') }),
    };
    return { settings, keychain, open: () => newVault(undefined, { settings, keychain }) };
  });
}

/** Profiles with a token each: `profile-0` has the one that is filled with the first letter. */
export async function storeTokens(vault: Vault, count: number, letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') {
  const stored = new Map<string, string>();
  for (let at = 0; at < count; at += 1) {
    const profile = `profile-${at}`;
    const token = usualToken({ filler: letters[at % letters.length] ?? 'A' });
    await importToken(vault, { profile }, token, actor);
    stored.set(profile, token);
  }
  return stored;
}

/** The decrypted token of every profile. */
export async function openAll(vault: Vault, profiles: Iterable<string>): Promise<Map<string, string>> {
  const opened = new Map<string, string>();
  for (const profile of profiles) {
    opened.set(profile, (await readToken(vault, profile, actor)).accessToken);
  }
  return opened;
}

/** The IDs of the data keys that encrypt the stored tokens. */
export async function sealedWith(vault: Vault): Promise<string[]> {
  const rows = await vault.db.selectFrom('token').select('ciphertext').execute();
  const ids = rows.map(({ ciphertext }) => {
    const header = Buffer.from(ciphertext.split('.')[0] ?? '', 'base64url').toString('utf8');
    return (JSON.parse(header) as { kid: string }).kid;
  });
  return [...new Set(ids)];
}

/** Starts processes that change the keys of one store at the same moment. Returns what each of them prints. */
export function changeKeys({ home, databaseUrl }: Settings, what: ('rotate' | 'file')[]): Promise<string>[] {
  const script = join(import.meta.dirname, '../processes/change-keys.ts');
  const instant = String(Date.now() + 2000);
  return what.map(async (each) => {
    const { done } = runScript(script, [home, databaseUrl ?? '', instant, each]);
    return (await done).trim();
  });
}
