import { randomUUID } from 'node:crypto';
import { type Client, parseAddressRange, parseClientName } from '../../domain/client.ts';
import { dayMs } from '../../domain/lifetimes.ts';
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
  /** The names of the profiles that it may fetch. */
  profiles: string[];
  /** Epoch milliseconds; null: no end. */
  expiresAt?: number | null;
  /** Addresses and networks that it may ask from; none: from anywhere. */
  addresses?: string[];
  /** What it is told at most of how long a token is good for. Seconds, 60 or more; an hour where it is not said. */
  maxExpiresIn?: number;
  /** A JSON Web Key Set, as JSON: it proves itself by `private_key_jwt` then, and gets no secret. */
  jwks?: string;
}

export interface CreatedClient {
  client: Client;
  /** Shown once, and kept as a hash only; null where it has keys. */
  secret: string | null;
}

/** How long the old secret works on beside a new one, where nothing else is said. Milliseconds. */
export const secretOverlapMs = 7 * dayMs;

export async function listClients(vault: StoreContext): Promise<Client[]> {
  return await store.listClients(vault.db);
}

/** Throws `E_NO_CLIENT`. */
export async function requireClient(db: Db, name: string): Promise<Client> {
  const client = await store.findClient(db, name);
  if (client !== null) return client;
  throw new BrokerError('E_NO_CLIENT', `There is no client "${sanitizeForDisplay(name, 80)}".`, {
    help: '"webex-token client list" shows the ones there are.',
  });
}

/** Registers a program. Throws `E_CLIENT_NAME`, `E_CLIENT_EXISTS`, `E_NO_PROFILE`, `E_ADDRESS`, `E_JWKS`, `E_USAGE`. */
export async function addClient(
  vault: StoreContext,
  request: ClientRequest,
  actor: Actor,
): Promise<CreatedClient> {
  const name = parseClientName(request.name);
  const addresses = (request.addresses ?? []).map(parseAddressRange);
  const jwks = request.jwks === undefined ? null : parseJwks(request.jwks);
  const expiresAt = request.expiresAt ?? null;
  const now = vault.now();
  if (expiresAt !== null && expiresAt <= now) {
    throw new BrokerError('E_USAGE', 'The client’s end is in the past.', { help: 'Give a later date.' });
  }
  const profiles = await Promise.all(
    [...new Set(request.profiles)].map((profile) => requireProfile(vault, profile)),
  );
  if (profiles.length === 0) {
    throw new BrokerError('E_USAGE', 'The client has no profile that it may fetch.', {
      help: 'Name one or more: --profile acme',
    });
  }
  const secret = jwks === null ? newSecret() : null;
  return await vault.db.transaction().execute(async (trx) => {
    if ((await store.findClient(trx, name)) !== null) {
      throw new BrokerError('E_CLIENT_EXISTS', `There is a client "${name}" already.`, {
        help: `Choose another name, give that one a new secret ("webex-token client rotate ${name}"), or remove it first.`,
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

/** From the moment this resolves, the client gets nothing any more. Throws `E_NO_CLIENT`. */
export async function removeClient(vault: StoreContext, name: string, actor: Actor): Promise<void> {
  await vault.db.transaction().execute(async (trx) => {
    await requireClient(trx, name);
    await store.deleteClient(trx, name);
    await appendAudit(trx, vault.now(), { action: 'client-remove', outcome: 'ok', client: name, ...actor });
  });
}

/**
 * Gives a client a new secret. The one it had works on for `overlapMs`, so that it can be exchanged without a gap; with
 * 0 it ends at once. An older one that was still working ends now. Throws `E_NO_CLIENT`, `E_USAGE`.
 */
export async function rotateClientSecret(
  vault: StoreContext,
  name: string,
  overlapMs: number,
  actor: Actor,
): Promise<{ client: Client; secret: string }> {
  const secret = newSecret();
  return await vault.db.transaction().execute(async (trx) => {
    const { authentication } = await requireClient(trx, name);
    if (authentication !== 'secret') {
      throw new BrokerError('E_USAGE', `The client "${name}" has keys and no secret.`, {
        help: 'Remove it, and add it again with its new key set: webex-token client add NAME --jwks FILE',
      });
    }
    const now = vault.now();
    await store.replaceSecret(trx, name, hashSecret(secret), now + overlapMs);
    await appendAudit(trx, now, { action: 'client-rotate', outcome: 'ok', client: name, ...actor });
    return { client: await requireClient(trx, name), secret };
  });
}
