import type { Destination } from '../../store/destinations.ts';
import type { Vault } from '../../vault/context.ts';
import type { EntraCloud } from '../entra/clouds.ts';
import type { Finding } from '../entra/review/finding.ts';
import type { ProvisioningStatus } from '../entra/status/provisioning-status.ts';
import type { PushPayload } from './prepare-push.ts';
import type { PushContext } from './push-context.ts';
import type { Steps } from './steps.ts';

/** How an application reaches Webex: with the Webex token, through the relay, or with tokens of our token endpoint. */
export type Via = Destination['via'];

export interface PushOptions {
  /** Else the Webex token; a destination that is always current is then left alone. */
  via?: Via | undefined;
  /** The application's ID: for Entra ID its object ID or application ID. Else the known one, else it is searched. */
  app?: string | undefined;
  /** Takes the application although it provisions another organization or profile; needs `app`. */
  replaceOrganization?: boolean | undefined;
  dryRun?: boolean | undefined;
  /** Entra ID only. Else the known one, else global. */
  cloud?: EntraCloud | undefined;
  /** Entra ID only: starts a provisioning job that is new or paused. */
  start?: boolean | undefined;
}

/** A provider's application that provisions Webex users. */
export interface ProviderApp {
  id: string;
  name: string;
}

/** What is saved in an application, so that it reaches Webex. */
export type ProviderAccess =
  | { via: 'token' | 'relay'; tenantUrl: string; secretToken: string }
  | {
      via: 'oauth';
      tenantUrl: string;
      tokenEndpoint: string;
      clientId: string;
      clientSecret: string;
    };

/** What a push found and did. */
export interface PushOutcome {
  app: ProviderApp;
  /** Null for Okta. */
  cloud: EntraCloud | null;
  /** The provisioning status after the push; null in a dry run, and for Okta. */
  status: ProvisioningStatus | null;
  /** What the review of the setup found; empty for Okta. */
  findings: Finding[];
}

/** One push, as `pushProfile` prepares it for a provider. */
export interface PushRequest {
  vault: Vault;
  payload: PushPayload;
  via: Via;
  /** The Tenant URL that is saved: Webex's, or the relay's. */
  tenantUrl: string;
  options: PushOptions;
  dryRun: boolean;
  /** Where the profile's token was installed most recently at this provider. */
  known: Destination | null;
  context: PushContext;
  /** Runs and records each step. */
  steps: Steps;
  /** Redacted from what the provider returns; `openAccess` adds to it. */
  secrets: string[];
  /**
   * Throws `DestinationConflictError` where the application provisions another organization or profile, and `E_USAGE` where
   * it is always current and nobody asked to change that. `savedTenantUrl`: null where it stores none, or masks it.
   */
  assertReplaceable: (app: ProviderApp, savedTenantUrl: string | null) => Promise<void>;
  /**
   * What to save in the application. Registers its API client, or gives it a new secret, in a separate step; after a push
   * that saved nothing this is undone.
   */
  openAccess: (app: ProviderApp) => Promise<ProviderAccess>;
  /** Records that the application has the access. Call it as soon as that is so. */
  recordInstalled: (app: ProviderApp, cloud: EntraCloud | null) => Promise<void>;
  /** Records that a person has to update the application, so that a renewal reminds of it. */
  recordManual: (app: ProviderApp) => Promise<void>;
}

/** How one provider is pushed to. */
export interface ProviderPush {
  /** Throws `E_USAGE`. */
  assertOptions: (options: PushOptions) => void;
  /** Sets `steps.remoteState` whenever what the provider holds may have changed. */
  push: (request: PushRequest) => Promise<PushOutcome>;
}
