import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { keychainFailure } from '../../src/crypto/keychain.ts';
import { loadFrom, loadKeychainModule } from '../../src/crypto/keychain-module.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const require = createRequire(import.meta.url);

/** The native module that npm installed for this system. */
function nativeModule(): Buffer {
  require('@napi-rs/keyring');
  const file = Object.keys(require.cache).find((path) => /keyring[^/\\]*\.node$/.test(path));
  return readFileSync(file ?? '');
}

describe('a keychain module that cannot be loaded', () => {
  it('counts as no keychain, not as a locked one', async () => {
    const fromNpm = new Error('Cannot find native binding. Remove package-lock.json and node_modules.');
    const error = await loadKeychainModule(() => Promise.reject(fromNpm)).catch((each: unknown) => each);
    expect(error).toMatchObject({ message: expect.stringContaining('native module'), cause: fromNpm });
    expect(keychainFailure(error)).toMatchObject({ code: 'E_KEYCHAIN' });
  });
});

describe('the keychain module of the single file', () => {
  it('is loaded from a new private folder, which is removed afterwards', () => {
    const home = join(temporaryFolder(), 'home');
    const bytes = nativeModule();
    const open = process.dlopen;
    let loadedFrom = '';
    const spy = vi.spyOn(process, 'dlopen').mockImplementation((module, file) => {
      loadedFrom = file;
      expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
      open(module, file);
    });
    onTestFinished(() => spy.mockRestore());
    expect(loadFrom(bytes, home)).toMatchObject({ AsyncEntry: expect.any(Function) });
    expect(loadedFrom.startsWith(home)).toBe(true);
    expect(existsSync(loadedFrom)).toBe(process.platform === 'win32');
    expect(readdirSync(home)).toEqual(process.platform === 'win32' ? [expect.anything()] : []);
  });

  it('never loads a file that was there before, and removes what an earlier start left', () => {
    const home = temporaryFolder();
    for (const [name, ageMs] of [
      ['keychain-module-planted', 3_600_000],
      ['keychain-module-other', 0],
    ] as const) {
      mkdirSync(join(home, name));
      writeFileSync(join(home, name, 'keychain.node'), 'not a module');
      utimesSync(join(home, name), new Date(), new Date(Date.now() - ageMs));
    }
    writeFileSync(join(home, 'keychain.node'), 'not a module');
    expect(loadFrom(nativeModule(), home)).toMatchObject({ AsyncEntry: expect.any(Function) });
    // The new folder may belong to a process that is loading from it.
    expect(readdirSync(home).sort()).toEqual(['keychain-module-other', 'keychain.node']);
  });

  it.skipIf(process.platform === 'win32')('is not written where other users can write', () => {
    const home = temporaryFolder();
    chmodSync(home, 0o777);
    expect(() => loadFrom(nativeModule(), home)).toThrow(
      expect.objectContaining({ code: 'E_FILE_PERMISSIONS' }),
    );
    expect(readdirSync(home)).toEqual([]);
  });

  it('leaves nothing if it cannot be loaded', () => {
    const home = temporaryFolder();
    expect(() => loadFrom(Buffer.from('not a module'), home)).toThrow();
    expect(readdirSync(home)).toEqual([]);
  });
});
