import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { restoreBackup } from '../../../src/vault/backup/restore.ts';
import { writeBackup } from '../../../src/vault/backup/write.ts';
import type { Vault } from '../../../src/vault/context.ts';
import { replaceKey } from '../../../src/vault/key-operations/replace-key.ts';
import { rotateDataKey } from '../../../src/vault/key-operations/rotate-data-key.ts';
import type { KeyKind } from '../../../src/vault/keys/create-key.ts';
import { captureRedirect } from '../../../src/vault/sign-in/capture-redirect.ts';
import { importToken } from '../../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../../src/vault/tokens/verify-token.ts';
import { closeVault, openVault } from '../../../src/vault/vault.ts';
import { usualToken } from '../webex/fake-tokens.ts';
import { machineAt, replacement } from './file-keychain.ts';

/*
 * One operation, to be recorded or killed: HOME WHAT [ARGUMENT …]. Offline. Every line that it
 * prints confirms something from then on: "stored PROFILE LETTER", "done".
 */
const [home = '', what = '', ...rest] = process.argv.slice(2);
const { settings, keychain } = machineAt(home);
const fetch = () => Promise.reject(new Error('offline'));
const say = (line: string) => writeSync(1, `${line}\n`);

const operations: Record<string, (vault: Vault) => Promise<unknown>> = {
  open: async () => {},
  async import({ ...vault }) {
    const [profile = '', letter = ''] = rest;
    await importToken(vault, { profile }, usualToken({ filler: letter }), {});
    say(`stored ${profile} ${letter}`);
  },
  async capture(vault) {
    const [profile = '', letter = '', state = '', binding = ''] = rest;
    const response = new URLSearchParams({
      access_token: usualToken({ filler: letter }),
      token_type: 'Bearer',
      state,
    });
    const { tokenId } = await captureRedirect(vault, `#${response}`, binding, {});
    say(`stored ${profile} ${letter}`);
    await verifyToken(vault, tokenId, {});
    say(`current ${profile} ${letter}`);
  },
  async rotate(vault) {
    await rotateDataKey(vault, {});
    say('done');
  },
  async replace(vault) {
    const [to = 'file'] = rest as KeyKind[];
    await replaceKey(vault, replacement(to), {});
    say('done');
  },
  async backup(vault) {
    await writeBackup(vault, join(home, 'store.backup'), {}, { program: '1' });
    say('done');
  },
};

if (what === 'restore') {
  await restoreBackup(join(home, 'store.backup'), {
    settings,
    keychain,
    now: Date.now,
    actor: {},
    onWarning: () => {},
  });
  say('done');
} else {
  const vault = await openVault(settings, { keychain, fetch });
  await operations[what]?.(vault);
  await closeVault(vault);
}
