import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../../src/config/settings.ts';
import { systemKeychain } from '../../../src/crypto/keychain.ts';
import { BrokerError } from '../../../src/errors/broker-error.ts';
import { packageRoot } from '../../../src/program-files.ts';
import type { Vault } from '../../../src/vault/context.ts';
import { keyStatus } from '../../../src/vault/key-operations/key-status.ts';
import { replaceKey } from '../../../src/vault/key-operations/replace-key.ts';
import { rotateDataKey } from '../../../src/vault/key-operations/rotate-data-key.ts';
import { importToken } from '../../../src/vault/sign-in/import-token.ts';
import { readToken } from '../../../src/vault/tokens/read-token.ts';
import { closeVault, openVault } from '../../../src/vault/vault.ts';
import { usualToken } from '../webex/fake-tokens.ts';

/* In a separate session, with or without a Secret Service: HOME all|absent. Prints the result of each step as JSON. */
const [home = '', what = ''] = process.argv.slice(2);
const settings = readSettings({ WEBEX_TOKEN_HOME: home });
const fetch = () => Promise.reject(new Error('offline'));
const seen: Record<string, unknown> = {};

async function once<T>(name: string, use: (vault: Vault) => Promise<T>): Promise<void> {
  try {
    const vault = await openVault(settings, { fetch });
    try {
      seen[name] = await use(vault);
    } finally {
      await closeVault(vault);
    }
  } catch (error) {
    seen[name] = error instanceof BrokerError ? error.code : String(error);
  }
}

const kinds = async (vault: Vault) => (await keyStatus(vault)).keys.map(({ kind }) => kind);
const read = async (vault: Vault) => (await readToken(vault, 'acme', {})).accessToken === usualToken();
const lock = () => {
  const service = ['--dest=org.freedesktop.secrets', '/org/freedesktop/secrets'];
  const method = [
    'org.freedesktop.Secret.Service.Lock',
    'array:objpath:/org/freedesktop/secrets/collection/login',
  ];
  execFileSync('dbus-send', ['--session', '--print-reply', ...service, ...method], { stdio: 'ignore' });
};

/** What the fast path of `get` prints, and whether it did the work. */
const fastGet = () => {
  const done = "Promise.resolve(require('./dist/get.cjs').fastGet(['acme']))";
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', `void ${done}.then(console.log)`], {
    cwd: packageRoot,
    env: { ...process.env, WEBEX_TOKEN_HOME: home },
    encoding: 'utf8',
  });
  return { stdout, stderr };
};

await once('first', async (vault) => {
  await importToken(vault, { profile: 'acme' }, usualToken(), {});
  return await kinds(vault);
});
seen.keyFile = existsSync(join(home, 'key.jwk'));
await once('read', read);
if (what === 'all') {
  seen['fast path'] = fastGet().stdout === `${usualToken()}\ntrue\n`;
  await once('rotated', async (vault) => (await rotateDataKey(vault, {})).reencrypted);
  await once('to a file', async (vault) => (await replaceKey(vault, { kind: 'file' }, {})).newKey.kind);
  await once('read by file', read);
  await once('back to the keychain', async (vault) => {
    await replaceKey(vault, { kind: 'keychain' }, {});
    return await kinds(vault);
  });
  seen.keyFileAfter = existsSync(join(home, 'key.jwk'));
  await once('read by keychain', read);
  let id = '';
  await once('id', async (vault) => {
    id = vault.keys.kek.info.id;
    return id.length;
  });
  const key = (await systemKeychain.get(id)) ?? Buffer.alloc(0);
  await systemKeychain.delete(id);
  await once('emptied', read);
  await systemKeychain.set(id, key);
  await once('refilled', read);
  lock();
  await once('locked', read);
  const { stdout, stderr } = fastGet();
  seen['locked fast path'] = [stdout, stderr.match(/was denied|is locked/g)?.length];
}
process.stdout.write(JSON.stringify(seen));
