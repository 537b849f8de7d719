import { readSettings } from '../../../src/config/settings.ts';
import { captureRedirect } from '../../../src/vault/sign-in/capture-redirect.ts';
import { closeVault, openVault } from '../../../src/vault/vault.ts';

/*
 * Posts the same response many times at once, in a separate process: HOME DATABASE_URL FRAGMENT BINDING COUNT
 * Prints the outcomes as a JSON array.
 */
const [home = '', databaseUrl = '', fragment = '', binding = '', count = ''] = process.argv.slice(2);
const none = () => Promise.reject(new Error('no keychain in tests'));
const vault = await openVault(
  readSettings({ WEBEX_TOKEN_HOME: home, WEBEX_TOKEN_DATABASE_URL: databaseUrl }),
  {
    keychain: { get: none, set: none, delete: none },
  },
);
const outcomes = await Promise.allSettled(
  Array.from({ length: Number(count) }, () => captureRedirect(vault, fragment, binding, {})),
);
await closeVault(vault);
const names = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'stored' : outcome.reason.code));
process.stdout.write(JSON.stringify(names));
