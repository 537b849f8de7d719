import { sources } from '../settings-sources.ts';
import { type GuideSection, steps } from './guide.ts';

export function oktaPrepareSection({ role }: Record<string, string>): GuideSection {
  return {
    id: 'prepare',
    title: 'Before you begin',
    steps: steps(
      {
        id: 'licences',
        text: 'You need a current Okta licence and a paid Webex subscription, and should have single sign-on between the two before you begin with provisioning.',
        source: sources.ciscoOkta,
      },
      {
        id: 'directory-connector',
        text: 'Make sure that Cisco’s Directory Connector does not synchronize this organization.',
        caution: 'It and Okta exclude each other: users can come from one of them only.',
        source: sources.ciscoOkta,
      },
      {
        id: 'license-template',
        text: 'Set up an automatic license template in Control Hub.',
        where: { current: 'https://admin.webex.com › Users › Licenses' },
        caution: 'Without one, the people who are created have an account and no Webex license.',
        source: sources.ciscoOkta,
      },
      role === 'customer' && {
        id: 'customer-admin',
        text: 'The token has to come from an account that is a full administrator of the customer’s own organization ("Customer Full Administrator"). Sign in with it in a private window, so that your own account does not step in.',
        caution: 'A token of your partner organization is another organization’s, and creates nobody there.',
        source: sources.ciscoOkta,
      },
    ),
  };
}

export function oktaAddAppSection({ app }: Record<string, string>): GuideSection | null {
  if (app !== 'missing') return null;
  return {
    id: 'add-app',
    title: 'Add Cisco Webex to Okta',
    intro:
      'If single sign-on to Webex runs through Okta, the application is there already, and you can skip this.',
    steps: [
      {
        id: 'catalog',
        text: 'Sign in to the Admin Console as an administrator, and open the catalog.',
        where: {
          current: 'Applications › Applications › Browse App Catalog',
          older: 'Applications › Add Application',
        },
        source: sources.ciscoOkta,
      },
      {
        id: 'choose',
        text: 'Search for Cisco Webex, and add it. As the way to sign in choose SAML: Control Hub supports federated single sign-on only.',
        fields: [{ current: 'Search', value: { kind: 'copy', text: 'Cisco Webex' } }],
        source: sources.ciscoOkta,
      },
    ],
  };
}
