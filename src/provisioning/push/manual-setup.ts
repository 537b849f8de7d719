import type { ProviderId } from '../../domain/providers.ts';
import { providerTitle } from '../../domain/providers.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { ProviderApp, Via } from './provider-push.ts';

/** The values that a person enters in the provider's portal, and where. Contains no secret. */
export interface ManualSetup {
  where: string;
  fields: { field: string; value: string }[];
  /** What to do after filling in the fields. */
  afterwards: string[];
}

/** The addresses and the name of the API client, for the fields. */
export interface ManualValues {
  orgId: string;
  tenantUrl: string;
  tokenEndpoint: string;
  /** The API client; null if the Webex token is used. */
  clientId: string | null;
}

const secretBelow = 'the secret';

/** The values to enter and where to enter them, by provider and way. */
export function manualSetup(
  provider: ProviderId,
  via: Via,
  appName: string,
  { orgId, tenantUrl, tokenEndpoint, clientId }: ManualValues,
): ManualSetup {
  if (provider === 'entra') {
    const where = `Entra admin center, Enterprise apps, ${appName}, Provisioning, Connectivity (or Edit provisioning, Admin Credentials)`;
    const afterwards = ['Press Test Connection. When it passes, save.'];
    if (via === 'oauth') {
      return {
        where,
        fields: [
          { field: 'Authentication method', value: 'OAuth2 Client Credentials Grant' },
          { field: 'Tenant URL', value: tenantUrl },
          { field: 'Token Endpoint', value: tokenEndpoint },
          { field: 'Client Identifier', value: clientId ?? '' },
          { field: 'Client Secret', value: secretBelow },
          { field: 'Scopes', value: 'empty' },
          { field: 'How credentials are sent', value: 'Header' },
        ],
        afterwards,
      };
    }
    return {
      where,
      fields: [
        { field: 'Authentication method', value: 'Bearer Authentication' },
        { field: 'Tenant URL', value: tenantUrl },
        { field: 'Secret Token', value: via === 'relay' ? secretBelow : 'the token, from the clipboard' },
      ],
      afterwards,
    };
  }
  if (via === 'relay') {
    return {
      where:
        'Okta Admin Console, Applications, an application made with Create App Integration and with SCIM provisioning enabled on its General page, Provisioning, Integration, Edit',
      fields: [
        { field: 'SCIM connector base URL', value: tenantUrl },
        { field: 'Unique identifier field for users', value: 'userName' },
        { field: 'Supported provisioning actions', value: 'Push New Users, Push Profile Updates' },
        { field: 'Authentication Mode', value: 'HTTP Header' },
        { field: 'Authorization: Bearer', value: secretBelow },
      ],
      afterwards: [
        'Press Test Connector Configuration. When it passes, save.',
        'Under To App, enable Create Users, Update User Attributes and Deactivate Users, as needed.',
        'Then, if you used the Cisco Webex application from the catalog, turn off its provisioning, and remove that destination here.',
      ],
    };
  }
  return {
    where: `Okta Admin Console, Applications, ${appName}, Provisioning, Integration (or Configure API Integration), Edit`,
    fields: [
      { field: 'Enable API integration', value: 'checked' },
      { field: 'Organization ID', value: orgId },
      { field: 'API Token', value: 'the token, from the clipboard' },
    ],
    afterwards: [
      'Press Test API Credentials. When it says that Webex was verified successfully, save.',
      'Under To App, enable Create Users, Update User Attributes and Deactivate Users, as needed.',
    ],
  };
}

const codes = { entra: 'E_ENTRA_MANUAL', okta: 'E_OKTA_MANUAL' } as const;

/** Thrown if the provider's API does not support this, so a person has to enter the values. The saved settings are unchanged. */
export class ManualSetupRequiredError extends BrokerError {
  readonly provider: ProviderId;
  readonly via: Via;
  /** Its ID is empty if no application was found. */
  readonly app: ProviderApp;
  /** The values for the Webex token; null for other ways, whose values are known once the API client is registered. */
  readonly manualSetup: ManualSetup | null;

  constructor(
    { provider, via, profile, app }: { provider: ProviderId; via: Via; profile: string; app: ProviderApp },
    reason: string,
    setup: ManualSetup | null,
  ) {
    const link = { label: 'Open the guide', path: `/profiles/${profile}/${provider}` };
    super(codes[provider], reason, {
      help: [
        ...(setup === null
          ? [`Enter the values in ${providerTitle(provider)} yourself.`]
          : [...setupLines(setup), { text: 'To copy the token', command: ['copy', profile] as const }]),
        { text: 'For the same steps in the web app', command: ['open'] as const, link },
      ],
    });
    this.provider = provider;
    this.via = via;
    this.app = app;
    this.manualSetup = setup;
  }
}

/** The values and where to enter them, as lines. */
export function setupLines({ where, fields, afterwards }: ManualSetup): string[] {
  return [
    `Enter these values yourself: ${where}.`,
    ...fields.map(({ field, value }) => `  ${field}: ${value}`),
    ...afterwards,
  ];
}
