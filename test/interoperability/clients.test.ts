import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { clientOf, profileWithToken, served } from '../support/api-server.ts';
import { forFile } from '../support/for-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { newVault } from '../support/vault/test-vault.ts';
import { type Client, clients } from './clients.ts';

const env = {
  ...process.env,
  // Erlang finds no file in a folder with letters that the locale lacks.
  LC_ALL: 'C.UTF-8',
  GO111MODULE: 'off',
  GOPATH: '/usr/share/gocode',
  GOFLAGS: '',
  NO_PROXY: '127.0.0.1',
};

function run([file = '', ...args]: string[]): Promise<{ stdout: string }> {
  return promisify(execFile)(file, args, { env });
}

function isInstalled({ installed: [file = '', ...args] }: Client): boolean {
  try {
    execFileSync(file, args, { env, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The command of a client, before its arguments. */
async function prepared({ program, compile, command }: Client): Promise<string[]> {
  const source = join(import.meta.dirname, 'clients', program);
  const folder = temporaryFolder();
  if (compile !== undefined) await run(compile(source, folder));
  return command(source, folder);
}

describe.each(clients)('$name', (client) => {
  const skipped = isInstalled(client) ? '' : `: skipped, install ${client.packages}`;
  const command = forFile(() => (skipped === '' ? prepared(client) : Promise.resolve([])));
  it.skipIf(skipped !== '').each(client.modes)(`gets the token (%s)${skipped}`, async (mode) => {
    // Libraries compare times with the real clock.
    const api = await served({ vault: await newVault(undefined, { now: Date.now }) });
    const token = await profileWithToken(api.vault, 'acme');
    const secret = await clientOf(api.vault, 'ci', ['acme']);
    const each = mode.split(' ');
    const modes = each.filter((name) => name !== '');
    const { stdout } = await run([...command(), `${api.origin}/oauth/token`, 'ci', secret, ...modes]);
    // The mode "metadata" checks the server's metadata, and fetches nothing.
    expect(stdout.trim().split('\n')).toEqual(each.map((name) => (name === 'metadata' ? 'valid' : token)));
  });
});
