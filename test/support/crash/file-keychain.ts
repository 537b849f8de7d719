import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings, type Settings } from '../../../src/config/settings.ts';
import type { Keychain } from '../../../src/crypto/keychain.ts';
import { AtomicFile } from '../../../src/files/atomic-file.ts';
import { fsyncDirectory } from '../../../src/files/private-files.ts';
import type { ReplaceOptions } from '../../../src/vault/key-operations/replace-key.ts';
import type { KeyKind } from '../../../src/vault/keys/create-key.ts';

export const passphrase = 'six words that nobody would guess';

const folderOf = (home: string) => join(home, 'keychain');

/** A keychain whose entries are files below the data folder, so that its state is recorded with everything else. */
function folderKeychain(home: string): Keychain {
  const folder = folderOf(home);
  const file = (id: string) => join(folder, id);
  return {
    get: async (id) =>
      existsSync(file(id)) ? Buffer.from(readFileSync(file(id), 'utf8'), 'base64url') : null,
    async set(id, key) {
      rmSync(file(id), { force: true });
      const written = new AtomicFile(file(id));
      written.write(Buffer.from(key).toString('base64url'));
      written.finish();
    },
    async delete(id) {
      rmSync(file(id), { force: true });
      fsyncDirectory(folder);
    },
  };
}

const refused = () => Promise.reject(new Error('no keychain in tests'));
const noKeychain: Keychain = { get: refused, set: refused, delete: refused };

/** A machine: its data folder, its keychain if it has one, and the passphrase if one is in use. */
export function machineAt(home: string): { settings: Settings; keychain: Keychain } {
  const keychain = existsSync(folderOf(home)) ? folderKeychain(home) : noKeychain;
  const knowsPassphrase = existsSync(join(home, 'knows-the-passphrase'));
  const settings = readSettings({
    WEBEX_TOKEN_HOME: home,
    ...(knowsPassphrase && { WEBEX_TOKEN_PASSPHRASE: passphrase }),
  });
  return { settings, keychain };
}

/** A machine that will store its key there, before its first run. */
export function newMachine(home: string, kind: KeyKind): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (kind === 'keychain') mkdirSync(folderOf(home), { mode: 0o700 });
  if (kind === 'passphrase') learnPassphrase(home);
}

/** From now on it has all of them, because a person who changes from one to another has both. */
export function haveEverything(home: string): void {
  mkdirSync(folderOf(home), { recursive: true, mode: 0o700 });
  learnPassphrase(home);
}

function learnPassphrase(home: string): void {
  writeFileSync(join(home, 'knows-the-passphrase'), '', { mode: 0o600 });
}

export function replacement(kind: KeyKind): ReplaceOptions {
  return { kind, ...(kind === 'passphrase' && { passphrase }) };
}
