import { readSettings } from '../../../src/config/settings.ts';
import { BrokerError } from '../../../src/errors/broker-error.ts';
import { replaceKey } from '../../../src/vault/key-operations/replace-key.ts';
import { rotateDataKey } from '../../../src/vault/key-operations/rotate-data-key.ts';
import { closeVault, openVault } from '../../../src/vault/vault.ts';

/* Changes a store's keys at a given instant (epoch ms): HOME DATABASE_URL INSTANT rotate|file. Prints the result. */
const [home = '', databaseUrl = '', instant = '', what = ''] = process.argv.slice(2);
const none = () => Promise.reject(new Error('no keychain in tests'));
const vault = await openVault(
  readSettings({ WEBEX_TOKEN_HOME: home, WEBEX_TOKEN_DATABASE_URL: databaseUrl }),
  { keychain: { get: none, set: none, delete: none } },
);
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(instant) - Date.now());
try {
  if (what === 'rotate') process.stdout.write(`${(await rotateDataKey(vault, {})).reencrypted}\n`);
  else process.stdout.write(`${(await replaceKey(vault, { kind: 'file' }, {})).newKey.id}\n`);
} catch (error) {
  if (!(error instanceof BrokerError)) throw error;
  process.stdout.write(`${error.code}\n`);
}
await closeVault(vault);
