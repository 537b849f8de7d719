import type { Request, RequestHandler, Response } from 'express';
import { issuerOf, relayTenantUrl } from '../../config/issuer.ts';
import type { Client } from '../../domain/client.ts';
import { dayMs } from '../../domain/lifetimes.ts';
import { profileTitle } from '../../domain/profile.ts';
import { findProfile } from '../../store/profiles/profiles.ts';
import { queryProfiles } from '../../store/profiles/query.ts';
import { titlesOf } from '../../store/profiles/titles.ts';
import { instant } from '../../text/instant.ts';
import {
  addClient,
  listClients,
  removeClient,
  requireClient,
  rotateClientSecret,
  secretOverlapMs,
} from '../../vault/clients/clients.ts';
import type { Vault } from '../../vault/context.ts';
import { tenantUrl } from '../../webex/deployments.ts';
import { actorOf, type WebContext } from '../context.ts';
import { type ClientForm, readClientForm } from '../forms/client-form.ts';
import { fieldError } from '../forms/form-errors.ts';
import { field } from '../middleware/body.ts';
import { setFlash, takeFlash } from '../session/flash.ts';
import type { ClientView } from '../view-models/pages.ts';

type ByName = RequestHandler<{ client: string }>;

/** How many organizations a client's card names. */
const maxNamed = 6;

/** With more profiles, their names are typed instead of selected with checkboxes. */
const maxCheckboxes = 20;

const fieldsOfForm = [
  'name',
  'use',
  'profiles',
  'until',
  'addresses',
  'jwks',
  'issuer',
  'subject',
  'audience',
];

/** `GET /clients`: the API clients, and the form that adds one. */
export function clientsPage(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { profile } = request.query;
    const profiles = typeof profile === 'string' ? [profile.slice(0, 63)] : [];
    await renderClients(context, request, response, {
      name: '',
      use: 'tokens',
      profiles,
      until: '',
      addresses: '',
      jwks: '',
      issuer: '',
      subject: '',
      audience: '',
      anyScope: false,
    });
  };
}

/** `POST /clients`: adds a client, and shows its secret once. */
export function addClientPage(context: WebContext): RequestHandler {
  const { vault } = context;
  return async (request, response) => {
    const { values, request: wanted, errors } = await readClientForm(vault, request.body);
    if (errors.length === 0) {
      try {
        const { client, secret } = await addClient(vault, wanted, actorOf(request));
        await renderSecret(context, request, response, client, secret, null);
        return;
      } catch (error) {
        errors.push(fieldError(error, fieldsOfForm));
      }
    }
    await renderClients(context, request, response, values, errors);
  };
}

/** `GET /clients/:client` */
export function clientPage({ vault, render }: WebContext): ByName {
  return async (request, response) => {
    const client = await requireClient(vault.db, request.params.client);
    render(
      request,
      response,
      'client',
      {
        client: await viewOf(vault, client),
        relayUrl: relayUrlOf(client, issuerOf(vault.settings)),
        notice: takeFlash(request),
      },
      { title: client.name, at: 'clients' },
    );
  };
}

/** `POST /clients/:client/secret`: creates a second secret and shows it once. */
export function rotateSecret(context: WebContext): ByName {
  const { vault } = context;
  return async (request, response) => {
    const overlapMs = field(request.body, 'overlap') === 'none' ? 0 : secretOverlapMs;
    const name = request.params.client;
    const { client, secret } = await rotateClientSecret(vault, name, overlapMs, actorOf(request));
    await renderSecret(context, request, response, client, secret, overlapMs / dayMs);
  };
}

/** `POST /clients/:client/remove`: the client has no access once the response is sent. */
export function removeClientPage({ vault }: WebContext): ByName {
  return async (request, response) => {
    const name = request.params.client;
    await removeClient(vault, name, actorOf(request));
    setFlash(request, `Removed “${name}”. It no longer has access.`);
    response.redirect(303, '/clients');
  };
}

async function renderClients(
  { vault, render }: WebContext,
  request: Pick<Request, 'session'>,
  response: Response,
  values: ClientForm['values'],
  errors: ClientForm['errors'] = [],
): Promise<void> {
  const { rows } = await queryProfiles(vault.db, {
    sort: 'name',
    limit: maxCheckboxes + 1,
    now: vault.now(),
  });
  const clients = await listClients(vault);
  const titleOf = await titlesOf(
    vault.db,
    clients.flatMap(({ profiles }) => profiles.slice(0, maxNamed)),
  );
  render(
    request,
    response,
    'clients',
    {
      clients: clients.map((client) => viewWith(client, titleOf, vault.now())),
      boxes:
        rows.length > maxCheckboxes
          ? null
          : rows.map(({ profile }) => ({ profile: profile.name, title: profileTitle(profile) })),
      values,
      errors,
      notice: takeFlash(request),
    },
    {
      title: `${errors.length > 0 ? 'Error: ' : ''}API clients`,
      status: errors.length > 0 ? 422 : 200,
      at: 'clients',
    },
  );
}

async function renderSecret(
  { vault, render }: WebContext,
  request: Pick<Request, 'session'>,
  response: Response,
  client: Client,
  secret: string | null,
  /** For how many days the previous secret keeps working; null for a new client. */
  overlapDays: number | null,
): Promise<void> {
  const issuer = issuerOf(vault.settings);
  render(
    request,
    response,
    'client-secret',
    {
      client: await viewOf(vault, client),
      secret,
      overlapDays,
      tokenEndpoint: `${issuer}/oauth/token`,
      relayUrl: relayUrlOf(client, issuer),
      resource: client.profiles.length > 1 ? await tenantUrlOf(vault, client.profiles[0]) : null,
    },
    {
      title: secret === null ? client.name : `Secret for ${client.name}`,
      at: 'clients',
      script: 'auto-hide-secret',
    },
  );
}

/** The `resource` with which a client that has access to several profiles selects one (RFC 8707). */
async function tenantUrlOf(vault: Vault, name: string | undefined): Promise<string | null> {
  const profile = name === undefined ? null : await findProfile(vault.db, name);
  if (profile === null || profile.orgId === null) return null;
  return tenantUrl(vault.settings.webex[profile.deployment], profile.orgId);
}

/** The tenant URL of a client of the SCIM relay; null for a client that gets tokens. */
function relayUrlOf({ relayRights, profiles: [profile] }: Client, issuer: string): string | null {
  return relayRights === null || profile === undefined ? null : relayTenantUrl(issuer, profile);
}

async function viewOf(vault: Vault, client: Client): Promise<ClientView> {
  return viewWith(client, await titlesOf(vault.db, client.profiles), vault.now());
}

function viewWith(client: Client, titleOf: (name: string) => string, now: number): ClientView {
  const { previousSecret } = client;
  return {
    name: client.name,
    profiles: client.profiles,
    titles: client.profiles.map(titleOf),
    authentication: client.authentication,
    workloadIdentity: client.workloadIdentity,
    relayRights: client.relayRights,
    addresses: client.addresses,
    ended: client.expiresAt !== null && client.expiresAt <= now,
    expiresAt: instant(client.expiresAt),
    createdAt: instant(client.createdAt),
    lastUsedAt: instant(client.lastUsedAt),
    previousSecret:
      previousSecret === null || previousSecret.until <= now
        ? null
        : {
            until: instant(previousSecret.until),
            lastUsedAt: instant(previousSecret.lastUsedAt),
          },
  };
}
