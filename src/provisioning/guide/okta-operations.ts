import { sources } from '../settings-sources.ts';
import type { GuideField, GuideSection } from './guide.ts';

/** What Cisco's Okta guide says that the integration takes, and nothing else. */
export const oktaAttributes = [
  'userName',
  'displayName',
  'name.familyName',
  'name.givenName',
  'externalId',
  'title',
];

/** What it names as breaking updates: Okta's application does not pass their changes on. */
export const oktaAttributesToRemove = [
  'phone numbers (work and mobile)',
  'addresses',
  'every attribute with several values',
];

export function oktaAttributesSection(): GuideSection {
  return {
    id: 'to-app',
    title: 'Choose what is synchronized',
    steps: [
      {
        id: 'to-app',
        text: 'Open the settings from Okta to the application, edit them, and switch on what you need. Then save.',
        where: { current: 'Provisioning › Settings › To App › Edit' },
        fields: [
          {
            current: 'Create Users',
            value: {
              kind: 'choose',
              text: 'Enable: creates, or links, the Webex account of whom you assign',
            },
          },
          {
            current: 'Update User Attributes',
            value: { kind: 'choose', text: 'Enable: a change in Okta overwrites the value in Webex' },
          },
          {
            current: 'Deactivate Users',
            value: {
              kind: 'choose',
              text: 'Enable: unassigned or deactivated in Okta, deactivated in Webex; reactivated when assigned again',
            },
          },
        ],
        source: sources.ciscoOkta,
      },
      {
        id: 'keep-attributes',
        text: 'Keep these attributes in the mapping: they are the ones that Cisco’s guide lists as supported.',
        where: {
          current: 'Provisioning › To App › Attribute Mappings',
          older: 'Provisioning › To App › Go to Profile Editor › Mappings',
        },
        fields: oktaAttributes.map(
          (name): GuideField => ({ current: name, value: { kind: 'choose', text: 'keep' } }),
        ),
        source: sources.ciscoOkta,
      },
      {
        id: 'remove-attributes',
        text: 'Remove these from the mapping, or leave them out of updates. Cisco widens its list from time to time: the guide linked below has the latest.',
        fields: oktaAttributesToRemove.map(
          (name): GuideField => ({ current: name, value: { kind: 'choose', text: 'remove' } }),
        ),
        caution: 'Okta does not pass changes of them on to Webex, and the update of the user fails.',
        source: sources.ciscoOkta,
      },
    ],
  };
}

export function oktaAssignSection({ who }: Record<string, string>): GuideSection {
  return {
    id: 'assign',
    title: 'Choose who is provisioned',
    steps: [
      {
        id: 'assign',
        text: 'Open Assignments, press Assign, and choose.',
        where: {
          current: `Applications › Cisco Webex › Assignments › Assign › ${who === 'groups' ? 'Assign to Groups' : 'Assign to People'}`,
        },
        ...(who === 'groups' && {
          caution: 'The members get accounts. The groups themselves are not synchronized: push no groups.',
        }),
        source: sources.ciscoOkta,
      },
      {
        id: 'done',
        text: 'Press Assign beside each one you choose, best a single test user first, then Done.',
        result: 'They appear in Control Hub under Users, and later changes in Okta follow.',
        source: sources.ciscoOkta,
      },
    ],
  };
}

export function oktaLaterSection(): GuideSection {
  return {
    id: 'later',
    title: 'See that it works, and later',
    steps: [
      {
        id: 'control-hub',
        text: 'Open Users in Control Hub: who was assigned is there, with the licenses of your template.',
        where: { current: 'https://admin.webex.com › Users' },
        source: sources.ciscoOkta,
      },
      {
        id: 'okta-logs',
        text: 'What failed stands among Okta’s tasks and in its system log.',
        where: { current: 'Dashboard › Tasks, and Reports › System Log' },
        source: sources.ciscoOkta,
      },
      {
        id: 'unassign',
        text: 'To take Webex from somebody, remove their assignment, or deactivate them in Okta: their Webex account is deactivated. Assigned again, it comes back.',
        caution:
          'Keep the account that signed in to Webex out of it: when it is deactivated, its tokens are revoked, this one among them.',
        source: sources.ciscoOkta,
      },
    ],
  };
}
