import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { storedNames } from '../../src/cli/completion/stored-names.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { newPostgresPlace } from '../support/store/engines.ts';
import { actor, newVault, testSettings } from '../support/vault/test-vault.ts';

describe('shell completion with PostgreSQL', () => {
  it('completes profile names', async () => {
    const place = await newPostgresPlace();
    const vault = await newVault(undefined, { settings: { ...(await testSettings()), databaseUrl: place } });
    for (const profile of ['globex', 'acme']) await importToken(vault, { profile }, 'fake-token-1', actor);
    const environment = { WEBEX_TOKEN_DATABASE_URL: place };
    expect(await storedNames('profiles', environment)).toEqual(['acme', 'globex']);
    expect(await storedNames('clients', environment)).toEqual([]);
  });

  it('waits one second for a database that does not respond', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    const environment = { WEBEX_TOKEN_DATABASE_URL: `postgres://someone@127.0.0.1:${port}/nothing` };
    const timers = vi.spyOn(globalThis, 'setTimeout');
    onTestFinished(() => timers.mockRestore());
    expect(await storedNames('profiles', environment)).toEqual([]);
    const delays = timers.mock.calls.map(([, milliseconds]) => milliseconds ?? 0);
    expect(Math.max(...delays)).toBe(1_000);
  });
});
