import { BrokerError } from '../../errors/broker-error.ts';
import type { OktaApp } from './find-app.ts';

/** What a person enters in Okta, and where. The token itself is not in it. */
export interface ManualSetup {
  where: string;
  fields: { field: string; value: string }[];
  /** What to do after filling in the fields. */
  afterwards: string[];
}

export function manualSetup(orgId: string, app: OktaApp): ManualSetup {
  return {
    where: `Okta Admin Console, Applications, ${app.name}, Provisioning, Integration (or Configure API Integration), Edit`,
    fields: [
      { field: 'Enable API integration', value: 'checked' },
      { field: 'Organization ID', value: orgId },
      { field: 'API Token', value: 'the token, from the clipboard' },
    ],
    afterwards: [
      'Press "Test API Credentials". When it says that Webex was verified successfully, save.',
      'Under To App, enable Create Users, Update User Attributes and Deactivate Users, as needed.',
    ],
  };
}

/** Okta's API does not serve the application: a person has to paste the token. */
export class ManualSetupRequiredError extends BrokerError {
  readonly manualSetup: ManualSetup;

  constructor(profile: string, app: OktaApp, setup: ManualSetup) {
    super(
      'E_OKTA_MANUAL',
      `Okta’s API does not serve the provisioning connection of "${app.name}" (UNKNOWN).`,
      {
        help: [
          `Paste the token yourself: ${setup.where}.`,
          ...setup.fields.map(({ field, value }) => `  ${field}: ${value}`),
          ...setup.afterwards,
          { text: 'To copy the token', command: ['copy', profile], only: 'terminal' },
          {
            text: 'For the same steps in the web app',
            command: ['open'],
            link: { label: 'Open the guide', path: `/profiles/${profile}/okta` },
          },
        ],
      },
    );
    this.manualSetup = setup;
  }
}
