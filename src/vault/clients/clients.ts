import { randomUUID } from 'node:crypto';
import { type Client, parseAddressRange, parseClientName, type RelayRights } from '../../domain/client.ts';
import { dayMs } from '../../domain/lifetimes.ts';
import { parseWorkloadIdentity, type WorkloadIdentity } from '../../domain/workload-identity.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import * as store from '../../store/access/clients.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';
import type { Actor, StoreContext } from '../context.ts';
import { requireProfile } from '../profiles/profiles.ts';
import { hashSecret, newSecret } from '../sign-in/secret-hashes.ts';
import { parseJwks } from './client-jwks.ts';

export interface ClientRequest {
  name: string;
  /** The names of the profiles whose tokens it may fetch. */
  profiles: string[];
  /** When the client expires. Epoch milliseconds; null: never. */
  expiresAt?: number | null;
  /** Addresses and networks that it may connect from; empty: any. */
  addresses?: string[];
  /** The maximum `expires_in` that it gets. Seconds, at least 60; default: an hour. */
  maxExpiresIn?: number;
  /** A JSON Web Key Set as JSON. The client authenticates with `private_key_jwt` and gets no secret. */
  jwks?: string;
  /** Makes it a client of the SCIM relay of its one profile. */
  relayRights?: RelayRights;
  /** Whether to ignore an unknown `scope` in its requests, like `workloadIdentity.anyScope`. */
  anyScope?: boolean;
  /** Set if the client authenticates with a JWT from another issuer. It gets no secret. */
  workloadIdentity?: WorkloadIdentity;
}

export interface CreatedClient {
  client: Client;
  /** Shown once, and stored only as a hash; null for a client with keys or a workload identity. */
  secret: string | null;
}

/** How long the old secret still works after a rotation, by default. Milliseconds. */
export const secretOverlapMs = 7 * dayMs;

export async function listClients(vault: StoreContext): Promise<Client[]> {
  return await store.listClients(vault.db);
}

/** The names of the clients that use a profile's SCIM relay, whose address contains the profile's name. */
export async function relayClientsOf(vault: StoreContext, profile: string): Promise<string[]> {
  const clients = await store.listClients(vault.db);
  return clients
    .filter(({ relayRights, profiles }) => relayRights !== null && profiles.includes(profile))
    .map(({ name }) => name);
}

/** Throws `E_NO_CLIENT`. */
export async function requireClient(db: Db, name: string): Promise<Client> {
  const client = await store.findClient(db, name);
  if (client !== null) return client;
  throw new BrokerError('E_NO_CLIENT', `No API client is named "${sanitizeForDisplay(name, 80)}".`, {
    help: {
      text: 'To list the API clients',
      command: ['client', 'list'],
      link: { label: 'API clients', path: '/clients' },
    },
  });
}

/**
 * Registers an API client. Throws `E_CLIENT_NAME`, `E_CLIENT_EXISTS`, `E_NO_PROFILE`, `E_ADDRESS`, `E_JWKS`, `E_CLIENT_ISSUER`,
 * `E_CLIENT_SUBJECT`, `E_CLIENT_AUDIENCE`, `E_USAGE`.
 */
export async function addClient(
  vault: StoreContext,
  request: ClientRequest,
  actor: Actor,
): Promise<CreatedClient> {
  const name = parseClientName(request.name);
  const addresses = (request.addresses ?? []).map(parseAddressRange);
  const jwks = request.jwks === undefined ? null : parseJwks(request.jwks);
  const workloadIdentity =
    request.workloadIdentity === undefined ? null : parseWorkloadIdentity(request.workloadIdentity);
  if (jwks !== null && workloadIdentity !== null) {
    throw new BrokerError('E_USAGE', 'A client has either its own keys or the JWT of another issuer.', {
      help: 'Remove either the key set or the issuer. If you need both, register two clients.',
    });
  }
  const expiresAt = request.expiresAt ?? null;
  const now = vault.now();
  if (expiresAt !== null && expiresAt <= now) {
    throw new BrokerError('E_USAGE', 'The expiry date of the client is in the past.', {
      help: 'Enter a later date, or check this machine’s clock.',
    });
  }
  const profiles = await Promise.all(
    [...new Set(request.profiles)].map((profile) => requireProfile(vault, profile)),
  );
  if (profiles.length === 0) {
    throw new BrokerError('E_USAGE', 'The client needs at least one profile.', {
      help: [
        { text: 'Add --profile NAME, once for each profile.', only: 'terminal' },
        { text: 'Choose at least one organization.', only: 'page' },
      ],
    });
  }
  if (request.relayRights !== undefined) assertRelayClient(request, profiles.length);
  const secret = jwks === null && workloadIdentity === null ? newSecret() : null;
  return await vault.db.transaction().execute(async (trx) => {
    if ((await store.findClient(trx, name)) !== null) {
      throw new BrokerError('E_CLIENT_EXISTS', `An API client named "${name}" already exists.`, {
        help: [
          'Choose another name, or remove the existing client first.',
          {
            text: 'To create a new secret for the existing client',
            command: ['client', 'rotate', name],
            link: { label: `Open ${name}`, path: '/clients' },
          },
        ],
      });
    }
    await store.insertClient(trx, {
      id: randomUUID(),
      name,
      secretHash: secret === null ? null : hashSecret(secret),
      jwks,
      addresses,
      expiresAt,
      createdAt: now,
      maxExpiresIn: request.maxExpiresIn ?? null,
      relayRights: request.relayRights ?? null,
      workloadIdentity,
      anyScope: request.anyScope ?? workloadIdentity?.anyScope ?? false,
      profileIds: profiles.map(({ id }) => id),
    });
    for (const profile of profiles) {
      await appendAudit(trx, now, {
        action: 'client-add',
        outcome: 'ok',
        profile: profile.name,
        client: name,
        ...actor,
      });
    }
    return { client: await requireClient(trx, name), secret };
  });
}

/** Checks that a SCIM relay client has a secret for one profile, and gets no token. Throws `E_USAGE`. */
function assertRelayClient(
  { jwks, workloadIdentity, maxExpiresIn }: ClientRequest,
  profileCount: number,
): void {
  const refuse = (message: string, help: string) => new BrokerError('E_USAGE', message, { help });
  if (profileCount > 1) {
    throw refuse('A SCIM relay client has exactly one profile.', 'Register one client for each profile.');
  }
  if (jwks !== undefined || workloadIdentity !== undefined) {
    throw refuse(
      'A SCIM relay client authenticates with a secret, not with keys or a JWT.',
      'Provisioning tools send a fixed secret. Remove the keys or the issuer.',
    );
  }
  if (maxExpiresIn !== undefined) {
    throw refuse(
      'A SCIM relay client gets no token, so it has no expires_in.',
      'Remove the maximum expires_in.',
    );
  }
}

/** Once this resolves, the client no longer has access. Throws `E_NO_CLIENT`. */
export async function removeClient(vault: StoreContext, name: string, actor: Actor): Promise<void> {
  await vault.db.transaction().execute(async (trx) => {
    await requireClient(trx, name);
    await store.deleteClient(trx, name);
    await appendAudit(trx, vault.now(), { action: 'client-remove', outcome: 'ok', client: name, ...actor });
  });
}

/**
 * Gives a client a new secret. The current secret still works for `overlapMs`, so that the client can be updated without a
 * gap. An older secret, `older`, stops working now. Throws `E_NO_CLIENT`, `E_USAGE`.
 */
export async function rotateClientSecret(
  vault: StoreContext,
  name: string,
  overlapMs: number,
  actor: Actor,
): Promise<{ client: Client; secret: string; older: Client['previousSecret'] }> {
  const secret = newSecret();
  return await vault.db.transaction().execute(async (trx) => {
    const { authentication, workloadIdentity, profiles, previousSecret } = await requireClient(trx, name);
    if (workloadIdentity !== null) throw nothingToRotate(name, workloadIdentity);
    if (authentication !== 'secret') {
      throw new BrokerError('E_USAGE', `The client "${name}" has keys instead of a secret.`, {
        help: {
          text: 'Remove it, then add it again with its new key set',
          command: [
            'client',
            'add',
            name,
            ...profiles.flatMap((profile) => ['--profile', profile]),
            '--jwks',
            'FILE',
          ],
        },
      });
    }
    const now = vault.now();
    await store.replaceSecret(trx, name, hashSecret(secret), now + overlapMs);
    await appendAudit(trx, now, { action: 'client-rotate', outcome: 'ok', client: name, ...actor });
    const older = previousSecret !== null && previousSecret.until > now ? previousSecret : null;
    return { client: await requireClient(trx, name), secret, older };
  });
}

function nothingToRotate(name: string, { issuer }: WorkloadIdentity): BrokerError {
  const message = `The client "${name}" has no secret: it authenticates with a JWT from ${issuer}, which rotates its own keys.`;
  return new BrokerError('E_USAGE', message, {
    help: [
      { text: 'To stop its access at once', command: ['client', 'remove', name], only: 'terminal' },
      { text: 'To stop its access at once, remove the client.', only: 'page' },
      {
        text: 'To change which JWT it needs, remove the client, then add it again',
        command: [
          'client',
          'add',
          name,
          '--profile',
          'PROFILE',
          '--issuer',
          'URL',
          '--subject',
          'TEXT',
          '--audience',
          'TEXT',
        ],
        link: { label: 'API clients', path: '/clients' },
      },
    ],
  });
}
