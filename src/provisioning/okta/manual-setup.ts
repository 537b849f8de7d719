import { BrokerError } from '../../errors/broker-error.ts';
import type { OktaApp } from './find-app.ts';

/** What a person pastes into Okta, and where; the token only by the command that copies it. */
export interface ManualSetup {
  where: string;
  fields: { field: string; value: string }[];
  /** What to do once the fields are filled in. */
  afterwards: string[];
}

export function manualSetup(profile: string, orgId: string, app: OktaApp): ManualSetup {
  return {
    where: `Okta Admin Console, Applications, ${app.name}, Provisioning, Integration (or Configure API Integration), Edit`,
    fields: [
      { field: 'Enable API integration', value: 'checked' },
      { field: 'Organization ID', value: orgId },
      { field: 'API Token', value: `the token, which "webex-token copy ${profile}" puts on the clipboard` },
    ],
    afterwards: [
      'Press "Test API Credentials": it has to say that Webex was verified successfully. Then save.',
      'Under To App, switch on Create Users, Update User Attributes and Deactivate Users, as you need them.',
    ],
  };
}

/** The answer where Okta's API does not serve the application: what to paste where. */
export class ManualSetupRequiredError extends BrokerError {
  readonly byHand: ManualSetup;

  constructor(profile: string, app: OktaApp, byHand: ManualSetup) {
    const lines = [
      `Paste it there yourself: ${byHand.where}.`,
      ...byHand.fields.map(({ field, value }) => `  ${field}: ${value}`),
      ...byHand.afterwards,
      `"webex-token open" shows the same step by step, on the page of "${profile}".`,
    ];
    super(
      'E_OKTA_MANUAL',
      `Okta’s API does not serve the provisioning connection of "${app.name}": it answers UNKNOWN.`,
      {
        help: lines.join('\n'),
      },
    );
    this.byHand = byHand;
  }
}
