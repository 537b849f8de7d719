import { relayTenantUrl, tokenPath } from '../../config/issuer.ts';
import type { ProviderId } from '../../domain/providers.ts';
import { clientNames } from '../../store/access/clients.ts';
import type { Destination } from '../../store/destinations.ts';
import { removeClient } from '../../vault/clients/clients.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { mask } from '../requests/request-preview.ts';
import {
  existingClient,
  keepClient,
  newClientName,
  type OpenedClient,
  openClient,
  withdrawClient,
} from './destination-client.ts';
import type { PushPayload } from './prepare-push.ts';
import type { ProviderAccess, ProviderApp, Via } from './provider-push.ts';
import type { Steps } from './steps.ts';

export interface PushAccessParts {
  vault: Vault;
  provider: ProviderId;
  via: Via;
  payload: PushPayload;
  issuer: string;
  /** Of the profile, at this provider. */
  destinations: Destination[];
  steps: Steps;
  dryRun: boolean;
  actor: Actor;
}

/** The settings that a push saves at a provider, and their API client, from its registration to the end of the push. */
export class PushAccess {
  readonly secrets: string[];
  readonly tenantUrl: string;
  readonly #parts: PushAccessParts;
  #opened: OpenedClient | null = null;
  /** Whether the opened client was kept or withdrawn. */
  #settled = false;

  constructor(parts: PushAccessParts) {
    const { via, payload, issuer, dryRun } = parts;
    this.#parts = parts;
    this.secrets = dryRun || via !== 'token' ? [] : [payload.accessToken];
    this.tenantUrl = via === 'relay' ? relayTenantUrl(issuer, payload.profile.name) : payload.tenantUrl;
  }

  /** The ID of the API client; null with the Webex token, and before `open` was called. */
  get clientId(): string | null {
    return this.#opened?.client.id ?? null;
  }

  async open({ id }: ProviderApp): Promise<ProviderAccess> {
    const { vault, provider, via, payload, issuer, destinations, steps, dryRun, actor } = this.#parts;
    const { tenantUrl } = this;
    if (via === 'token') return { via, tenantUrl, secretToken: payload.accessToken };
    const destination = destinations.find(({ appId }) => appId === id) ?? null;
    const target = { profile: payload.profile.name, provider, via, destination };
    const { clientId, secret } = await steps.run('client', async () => {
      if (dryRun) return await this.#planned(target);
      const opened = await openClient(vault, target, actor);
      this.#opened = opened;
      this.secrets.push(opened.secret);
      const { client } = opened;
      const message =
        opened.kind === 'created'
          ? `Registered the API client ${client.name}.`
          : `Created a new secret for the API client ${client.name}. The previous secret works for seven more days.`;
      return { value: { clientId: client.name, secret: opened.secret }, message };
    });
    if (via === 'relay') return { via, tenantUrl, secretToken: secret };
    return { via, tenantUrl, tokenEndpoint: `${issuer}${tokenPath}`, clientId, clientSecret: secret };
  }

  async #planned(target: Parameters<typeof openClient>[1]) {
    const { vault } = this.#parts;
    const existing = await existingClient(vault, target);
    const clientId = existing?.name ?? (await newClientName(vault, target));
    const message =
      existing === null
        ? `Would register the API client ${clientId}.`
        : `Would create a new secret for the API client ${clientId}.`;
    return { value: { clientId, secret: mask }, status: 'planned' as const, message };
  }

  /** Called when the provider has saved the secret. */
  async keep(): Promise<void> {
    if (this.#opened === null || this.#settled) return;
    this.#settled = true;
    await keepClient(this.#parts.vault, this.#opened);
  }

  /** Removes the API client that the application used before, because nothing uses it now. */
  async removeReplaced(appId: string): Promise<void> {
    const { vault, destinations, steps, actor } = this.#parts;
    const before = destinations.find((each) => each.appId === appId)?.clientId ?? null;
    if (before === null || before === this.clientId) return;
    const name = (await clientNames(vault.db, [before])).get(before);
    if (name === undefined) return;
    await steps.run('remove-client', async () => {
      await removeClient(vault, name, actor);
      return { value: undefined, message: `Removed the API client ${name}, which is no longer used.` };
    });
  }

  /** After a failure, removes the API client or its new secret again, unless the provider may have saved it. */
  async settle(): Promise<void> {
    const { vault, steps, actor } = this.#parts;
    const isUnsaved = steps.remoteState === 'before' || steps.remoteState === 'before-with-job';
    if (!isUnsaved) return await this.keep();
    if (this.#opened === null || this.#settled) return;
    this.#settled = true;
    await withdrawClient(vault, this.#opened, actor);
  }
}
