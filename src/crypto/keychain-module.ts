import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getRawAsset } from 'node:sea';
import { dataFolder } from '../environment/environment.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { ensurePrivateDirectory } from '../files/private-files.ts';
import { isSingleFile } from '../program-files.ts';

type KeychainModule = typeof import('@napi-rs/keyring');

/**
 * The native module that speaks to the keychain. The single file holds it as an asset, which has to become a file first.
 * Throws if there is none for this system, or if a library that it needs is missing.
 */
export async function loadKeychainModule(load = loadInstalled): Promise<KeychainModule> {
  try {
    return await load();
  } catch (cause) {
    if (cause instanceof BrokerError) throw cause;
    throw new Error('its native module cannot be loaded on this system', { cause });
  }
}

async function loadInstalled(): Promise<KeychainModule> {
  if (!isSingleFile) return await import('@napi-rs/keyring');
  return loadFrom(new Uint8Array(getRawAsset('keychain.node')), dataFolder(process.env));
}

const prefix = 'keychain-module-';

/** After this time, a folder of another process is no longer being loaded from. Milliseconds. */
const abandonedMs = 60_000;

/**
 * Loads a native module from its bytes. No earlier file is ever loaded, so none can be planted: the bytes go into a new
 * folder with a random name, in the data folder, which only this user can access. Throws `E_FILE_PERMISSIONS`, `E_HOME`.
 */
export function loadFrom<Exports>(bytes: Uint8Array, home: string): Exports {
  ensurePrivateDirectory(home);
  removeAbandoned(home);
  const folder = mkdtempSync(join(home, prefix));
  try {
    const file = join(folder, 'keychain.node');
    writeFileSync(file, bytes, { mode: 0o500, flag: 'wx' });
    const loaded = { exports: {} };
    process.dlopen(loaded, file);
    return loaded.exports as Exports;
  } finally {
    remove(folder);
  }
}

/** Windows keeps a file that is loaded; a crash leaves one on any system. */
function removeAbandoned(home: string): void {
  for (const name of readdirSync(home).filter((each) => each.startsWith(prefix))) {
    const folder = join(home, name);
    const since = statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && since < Date.now() - abandonedMs) remove(folder);
  }
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // It is loaded, here or in another process: a later start removes it.
  }
}
