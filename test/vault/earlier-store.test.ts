import { describe, expect, it } from 'vitest';
import { verifyAudit } from '../../src/store/audit/audit.ts';
import { destinationsOf } from '../../src/store/destinations.ts';
import { tokensOf } from '../../src/store/profiles/tokens.ts';
import { listClients } from '../../src/vault/clients/clients.ts';
import { requireProfile } from '../../src/vault/profiles/profiles.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { earlierStore } from '../support/vault/earlier-store.ts';
import { actor, newVault } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

describe('a store of an earlier version', () => {
  it('opens with its profiles, tokens, clients, destinations and log', async () => {
    const vault = await newVault(undefined, { settings: await earlierStore() });
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(usualToken({ filler: 'B' }));
    expect((await readToken(vault, 'agency', actor)).profile.deployment).toBe('government');
    const acme = await requireProfile(vault, 'acme');
    const states = (await tokensOf(vault.db, acme.id)).map(({ state }) => state);
    expect(states).toEqual(['needs-review', 'current', 'previous']);
    const clients = (await listClients(vault)).map(({ name, profiles }) => [name, profiles]);
    expect(clients).toEqual([
      ['entra', ['acme']],
      ['okta', ['acme', 'agency']],
    ]);
    expect(await destinationsOf(vault.db, acme.id)).toMatchObject([{ kind: 'entra', cloud: 'global' }]);
    expect(await verifyAudit(vault.db)).toMatchObject({ broken: null });
  });
});
