import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { storedNames } from '../../src/cli/completion/stored-names.ts';
import { addClient } from '../../src/vault/clients/clients.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { newPostgresPlace } from '../support/store/engines.ts';
import { actor, newVault, testSettings } from '../support/vault/test-vault.ts';

describe('shell completion with PostgreSQL', () => {
  it('completes the names of profiles and clients', async () => {
    const place = await newPostgresPlace();
    const vault = await newVault(undefined, { settings: { ...(await testSettings()), databaseUrl: place } });
    for (const profile of ['globex', 'acme']) await importToken(vault, { profile }, 'fake-token-1', actor);
    await addClient(vault, { name: 'ci', profiles: ['acme'] }, actor);
    const environment = { WEBEX_TOKEN_DATABASE_URL: place };
    // Nothing is offered if the database takes longer than a second, as on a busy machine.
    await expect.poll(() => storedNames('profiles', environment)).toEqual(['acme', 'globex']);
    await expect.poll(() => storedNames('clients', environment)).toEqual(['ci']);
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
