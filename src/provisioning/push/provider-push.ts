import type { Destination } from '../../store/destinations.ts';
import type { Vault } from '../../vault/context.ts';
import type { EntraCloud } from '../entra/clouds.ts';
import type { Finding } from '../entra/review/finding.ts';
import type { ProvisioningStatus } from '../entra/status/provisioning-status.ts';
import type { PushPayload } from './prepare-push.ts';
import type { PushContext } from './push-context.ts';
import type { Steps } from './steps.ts';

/** How an application reaches Webex: with the Webex token, through the relay, or with tokens from the token endpoint. */
export type Via = Destination['via'];

export interface PushOptions {
  /** Default: the Webex token, but a destination that is always current is not changed. */
  via?: Via | undefined;
  /** The application's ID; for Entra ID, its object ID or application ID. Default: the known one, or else a search. */
  app?: string | undefined;
  /** Whether to use the application even if it provisions another organization or profile. Requires `app`. */
  replaceOrganization?: boolean | undefined;
  dryRun?: boolean | undefined;
  /** Only for Entra ID. Default: the known cloud, or else global. */
  cloud?: EntraCloud | undefined;
  /** Only for Entra ID: whether to start a provisioning job that is new or paused. */
  start?: boolean | undefined;
}

/** A provider's application that provisions Webex users. */
export interface ProviderApp {
  id: string;
  name: string;
}

/** The settings that are saved in an application, so that it can reach Webex. */
export type ProviderAccess =
  | { via: 'token' | 'relay'; tenantUrl: string; secretToken: string }
  | {
      via: 'oauth';
      tenantUrl: string;
      tokenEndpoint: string;
      clientId: string;
      clientSecret: string;
    };

/** The result of a push. */
export interface PushOutcome {
  app: ProviderApp;
  /** Null for Okta. */
  cloud: EntraCloud | null;
  /** The provisioning status after the push; null in a dry run, and for Okta. */
  status: ProvisioningStatus | null;
  /** The findings of the setup review; empty for Okta. */
  findings: Finding[];
}

/** One push, prepared by `pushProfile` for a provider. */
export interface PushRequest {
  vault: Vault;
  payload: PushPayload;
  via: Via;
  /** The Tenant URL to save: Webex's or the relay's. */
  tenantUrl: string;
  options: PushOptions;
  dryRun: boolean;
  /** Where the profile's token was installed most recently at this provider. */
  known: Destination | null;
  context: PushContext;
  /** Runs and records each step. */
  steps: Steps;
  /** Redacted from the provider's responses. `openAccess` adds secrets to it. */
  secrets: string[];
  /**
   * Throws `DestinationConflictError` if the application provisions another organization or profile, and `E_USAGE` if it is always
   * current and the caller did not ask to change that. `savedTenantUrl`: null if the application has none, or if it is masked.
   */
  assertReplaceable: (app: ProviderApp, savedTenantUrl: string | null) => Promise<void>;
  /**
   * The settings to save in the application. Registers its API client or creates a new secret for it, in a separate step. This is
   * undone if the push saves nothing.
   */
  openAccess: (app: ProviderApp) => Promise<ProviderAccess>;
  /** Records that the application has access. Call it as soon as the settings are saved. */
  recordInstalled: (app: ProviderApp, cloud: EntraCloud | null) => Promise<void>;
  /** Records that a person has to update the application, so that they are reminded after a renewal. */
  recordManual: (app: ProviderApp) => Promise<void>;
}

/** The push to one provider. */
export interface ProviderPush {
  /** Throws `E_USAGE`. */
  assertOptions: (options: PushOptions) => void;
  /** Sets `steps.remoteState` whenever the provider's saved settings may have changed. */
  push: (request: PushRequest) => Promise<PushOutcome>;
}
