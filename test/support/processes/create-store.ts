import { readSettings } from '../../../src/config/settings.ts';
import { importToken } from '../../../src/vault/sign-in/import-token.ts';
import { closeVault, openVault } from '../../../src/vault/vault.ts';

/* Opens a new store at a given instant (epoch ms) and puts a token into it: HOME DATABASE_URL INSTANT PROFILE TOKEN */
const [home = '', databaseUrl = '', instant = '', profile = '', token = ''] = process.argv.slice(2);
const none = () => Promise.reject(new Error('no keychain in tests'));
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(instant) - Date.now());
const vault = await openVault(
  readSettings({ WEBEX_TOKEN_HOME: home, WEBEX_TOKEN_DATABASE_URL: databaseUrl }),
  {
    keychain: { get: none, set: none, delete: none },
  },
);
await importToken(vault, { profile }, token, {});
await closeVault(vault);
