import { sources } from '../settings-sources.ts';
import type { GuideField, GuideSection } from './guide.ts';

/** The attributes that Cisco's Okta guide lists as supported. */
export const oktaAttributes = [
  'userName',
  'displayName',
  'name.familyName',
  'name.givenName',
  'externalId',
  'title',
];

/** The attributes that break updates according to that guide, because Okta's application does not send their changes. */
export const oktaAttributesToRemove = [
  'phone numbers (work and mobile)',
  'addresses',
  'all multi-valued attributes',
];

export function oktaAttributesSection(): GuideSection {
  return {
    id: 'to-app',
    title: 'Choose what to synchronize',
    steps: [
      {
        id: 'to-app',
        text: 'Edit the settings under To App, enable what you need, and save.',
        where: { current: 'Provisioning › Settings › To App › Edit' },
        fields: [
          {
            current: 'Create Users',
            value: {
              kind: 'choose',
              text: 'Enable: creates or links the Webex accounts of assigned users',
            },
          },
          {
            current: 'Update User Attributes',
            value: { kind: 'choose', text: 'Enable: changes in Okta overwrite the values in Webex' },
          },
          {
            current: 'Deactivate Users',
            value: {
              kind: 'choose',
              text: 'Enable: users who are unassigned or deactivated in Okta are deactivated in Webex, and reactivated when assigned again',
            },
          },
        ],
        source: sources.ciscoOkta,
      },
      {
        id: 'keep-attributes',
        text: 'Keep these attributes in the mapping. Cisco’s guide lists them as supported.',
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
        text: 'Remove these attributes from the mapping, or exclude them from updates. Cisco extends its list of supported attributes from time to time; see the guide linked below.',
        fields: oktaAttributesToRemove.map(
          (name): GuideField => ({ current: name, value: { kind: 'choose', text: 'remove' } }),
        ),
        caution: 'Okta does not send changes to these attributes to Webex, and updating the user fails.',
        source: sources.ciscoOkta,
      },
    ],
  };
}

export function oktaAssignSection({ who }: Record<string, string>): GuideSection {
  return {
    id: 'assign',
    title: 'Assign users',
    steps: [
      {
        id: 'assign',
        text: 'Open Assignments, press Assign, and choose users or groups.',
        where: {
          current: `Applications › Cisco Webex › Assignments › Assign › ${who === 'groups' ? 'Assign to Groups' : 'Assign to People'}`,
        },
        ...(who === 'groups' && {
          caution:
            'The members get accounts. The groups themselves are not synchronized; do not use Push Groups.',
        }),
        source: sources.ciscoOkta,
      },
      {
        id: 'done',
        text: 'Press Assign next to each one, then Done. Start with a single test user.',
        result: 'They appear in Control Hub under Users, and later changes in Okta are synchronized.',
        source: sources.ciscoOkta,
      },
    ],
  };
}

export function oktaOperationsSection(): GuideSection {
  return {
    id: 'operations',
    title: 'Verify and operate',
    steps: [
      {
        id: 'control-hub',
        text: 'Open Users in Control Hub. It lists the assigned users with the licenses from your template.',
        where: { current: 'https://admin.webex.com › Users' },
        source: sources.ciscoOkta,
      },
      {
        id: 'okta-logs',
        text: 'Okta lists failures under Tasks and in its System Log.',
        where: { current: 'Dashboard › Tasks, and Reports › System Log' },
        source: sources.ciscoOkta,
      },
      {
        id: 'unassign',
        text: 'To remove a user from Webex, remove their assignment or deactivate them in Okta. Their Webex account is then deactivated. It is reactivated if you assign them again.',
        caution:
          'Do not assign the account that signed in to Webex. If it is ever deactivated, its tokens are revoked, including this one.',
        source: sources.ciscoOkta,
      },
    ],
  };
}
