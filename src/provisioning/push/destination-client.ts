import type { Client } from '../../domain/client.ts';
import { isClientName } from '../../domain/client.ts';
import type { ProviderId } from '../../domain/providers.ts';
import { findClient, listClients } from '../../store/access/clients.ts';
import { type Destination, destinationsOfClient } from '../../store/destinations.ts';
import { addClient, removeClient } from '../../vault/clients/clients.ts';
import {
  promoteStagedSecret,
  type StagedSecret,
  stageClientSecret,
  withdrawStagedSecret,
} from '../../vault/clients/staged-secret.ts';
import type { Actor, Vault } from '../../vault/context.ts';

/** How an application authenticates to this server instead of using the Webex token itself. */
export type ClientVia = Exclude<Destination['via'], 'token'>;

export interface ClientTarget {
  profile: string;
  provider: ProviderId;
  via: ClientVia;
  /** The target of the push; null if it is not known yet. */
  destination: Pick<Destination, 'id' | 'clientId'> | null;
}

/** The API client of a destination, with a newly created secret. */
export type OpenedClient =
  | { kind: 'created'; client: Client; secret: string }
  | ({ kind: 'rotated' } & StagedSecret);

/** The API client that a push would use: the destination's own client, or one that an interrupted push left behind. */
export async function existingClient(vault: Vault, target: ClientTarget): Promise<Client | null> {
  const { destination } = target;
  const own = (await listClients(vault.db)).find(({ id }) => id === destination?.clientId);
  if (own !== undefined && isUsable(own, target)) return own;
  const named = await findClient(vault.db, clientName(target, 1));
  return named !== null && isUsable(named, target) && (await isFree(vault, named, destination))
    ? named
    : null;
}

/** The name for a new client. */
export async function newClientName(vault: Vault, target: ClientTarget): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = clientName(target, number);
    if ((await findClient(vault.db, name)) === null) return name;
  }
}

/** Registers the API client of a destination, or creates a second secret for the existing client. */
export async function openClient(vault: Vault, target: ClientTarget, actor: Actor): Promise<OpenedClient> {
  const existing = await existingClient(vault, target);
  if (existing !== null) {
    return { kind: 'rotated', ...(await stageClientSecret(vault, existing.name, actor)) };
  }
  const { client, secret } = await addClient(
    vault,
    {
      name: await newClientName(vault, target),
      profiles: [target.profile],
      // Entra ID may ask for the scope "scim" (Microsoft's sample request), which no Webex token has.
      ...(target.via === 'relay' ? { relayRights: 'all' as const } : { anyScope: true }),
    },
    actor,
  );
  if (secret === null) throw new Error('a client without keys has a secret');
  return { kind: 'created', client, secret };
}

/** Called when the application has saved the secret, or may have saved it. */
export async function keepClient(vault: Vault, opened: OpenedClient): Promise<void> {
  if (opened.kind === 'rotated') await promoteStagedSecret(vault, opened);
}

/** Called when the application has not saved the secret. Undoes what the push changed here. */
export async function withdrawClient(vault: Vault, opened: OpenedClient, actor: Actor): Promise<void> {
  if (opened.kind === 'created') await removeClient(vault, opened.client.name, actor);
  else await withdrawStagedSecret(vault, opened, actor);
}

/** Whether the client is of the right kind, and only for this profile. */
function isUsable(client: Client, { profile, via }: ClientTarget): boolean {
  return (
    client.authentication === 'secret' &&
    (client.relayRights !== null) === (via === 'relay') &&
    client.profiles.length === 1 &&
    client.profiles[0] === profile
  );
}

async function isFree(
  vault: Vault,
  client: Client,
  destination: ClientTarget['destination'],
): Promise<boolean> {
  const users = await destinationsOfClient(vault.db, client.id);
  return users.every((user) => user.destination.id === destination?.id);
}

/** For example "acme-entra-relay", or "acme-entra-relay-2" if that name is taken. A long profile name is shortened. */
function clientName({ profile, provider, via }: ClientTarget, number: number): string {
  const suffix = `-${provider}-${via}${number === 1 ? '' : `-${number}`}`;
  const name = `${profile.slice(0, 63 - suffix.length)}${suffix}`;
  if (!isClientName(name)) throw new Error(`${name} is no client name`);
  return name;
}
