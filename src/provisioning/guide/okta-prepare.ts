import { sources } from '../settings-sources.ts';
import { type GuideSection, steps } from './guide.ts';

export function oktaPrepareSection({ role }: Record<string, string>): GuideSection {
  return {
    id: 'prepare',
    title: 'Before you start',
    steps: steps(
      {
        id: 'licenses',
        text: 'You need a current Okta license and a paid Webex subscription. Set up single sign-on between the two before provisioning.',
        source: sources.ciscoOkta,
      },
      {
        id: 'directory-connector',
        text: 'Make sure that Cisco’s Directory Connector does not synchronize this organization.',
        caution: 'Use either Directory Connector or Okta: users can come from only one of them.',
        source: sources.ciscoOkta,
      },
      {
        id: 'license-template',
        text: 'Set up an automatic license template in Control Hub.',
        where: { current: 'https://admin.webex.com › Users › Licenses' },
        caution: 'Without a template, new users get an account but no Webex license.',
        source: sources.ciscoOkta,
      },
      role === 'customer' && {
        id: 'customer-admin',
        text: 'The token has to come from a full administrator of the customer’s organization ("Customer Full Administrator"). Sign in with that account in a private window, so that Webex does not use your own.',
        caution: 'A token from your partner organization cannot create users in the customer’s organization.',
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
      'If you already use Okta for single sign-on to Webex, the application exists, and you can skip this.',
    steps: [
      {
        id: 'catalog',
        text: 'Sign in to the Admin Console as an administrator and open the catalog.',
        where: {
          current: 'Applications › Applications › Browse App Catalog',
          older: 'Applications › Add Application',
        },
        source: sources.ciscoOkta,
      },
      {
        id: 'choose',
        text: 'Search for Cisco Webex and add it. Choose SAML as the sign-on method: Control Hub supports only federated single sign-on.',
        fields: [{ current: 'Search', value: { kind: 'copy', text: 'Cisco Webex' } }],
        source: sources.ciscoOkta,
      },
    ],
  };
}
