import { sources } from '../settings-sources.ts';
import { copyOrMissing, type GuideProfile, type GuideSection, steps } from './guide.ts';

export function prepareSection(profile: GuideProfile, { cloud }: Record<string, string>): GuideSection {
  return {
    id: 'prepare',
    title: 'Before you start',
    steps: steps(
      {
        id: 'roles',
        text: 'You need the role Cloud Application Administrator or Application Administrator in Entra ID. The token has to come from a full administrator of the Webex organization; this organization’s page shows whether that is the case.',
        source: sources.microsoftTutorial,
      },
      {
        id: 'organization',
        text: 'Check that this is the right organization. Control Hub shows its ID under Account, or when you click the organization’s name at the bottom left.',
        fields: [
          {
            current: 'Organization ID',
            value: copyOrMissing(profile.orgId, 'known after the first sign-in to Webex'),
          },
        ],
        source: sources.ciscoEntra,
      },
      {
        id: 'test-here',
        text: 'Test the token here first. “Test” on this organization’s page sends the same requests to Webex as Entra ID’s Test Connection.',
        caution: 'If this test fails, the test in the portal fails too, but shows fewer details.',
        source: sources.microsoftScim,
      },
      profile.deployment === 'government'
        ? {
            id: 'domains',
            text: 'Verify your domains in Control Hub. Most Webex for Government organizations require it.',
            caution: 'If only verified domains are allowed, users in other domains are not created.',
            source: sources.ciscoEntra,
          }
        : {
            id: 'domains',
            text: 'If your organization allows only verified domains, verify them in Control Hub first.',
            caution: 'Otherwise, users in unverified domains are not created.',
            source: sources.ciscoEntra,
          },
      cloud === 'china' && {
        id: 'china',
        text: 'Check whether the China cloud’s gallery contains Cisco Webex. It has few applications.',
        source: sources.microsoftKnownIssues,
      },
    ),
  };
}

export function addAppSection({ app }: Record<string, string>): GuideSection | null {
  if (app !== 'missing') return null;
  return {
    id: 'add-app',
    title: 'Add Cisco Webex from the gallery',
    intro:
      'If you already use Entra ID for single sign-on to Webex, the application exists, and you can skip this.',
    steps: steps(
      {
        id: 'sign-in',
        text: 'Sign in to the admin center.',
        where: { current: 'https://entra.microsoft.com', older: 'https://portal.azure.com' },
        source: sources.ciscoEntra,
      },
      {
        id: 'new-application',
        text: 'Open the list of applications and create a new one.',
        where: {
          current: 'Entra ID › Enterprise apps › New application',
          older:
            'Azure Active Directory › Enterprise applications › New application (or Add › Add an application from the gallery)',
        },
        source: sources.microsoftTutorial,
      },
      {
        id: 'choose-webex',
        text: 'Search the gallery for Cisco Webex and add it.',
        fields: [
          {
            current: 'Search application',
            older: 'Add from the gallery',
            value: { kind: 'copy', text: 'Cisco Webex' },
          },
        ],
        result: 'A message confirms that the application was added.',
        source: sources.ciscoEntra,
      },
      {
        id: 'hide',
        text: 'If you use it only for provisioning, hide it from users.',
        where: { current: 'Cisco Webex › Properties' },
        fields: [{ current: 'Visible to users?', value: { kind: 'choose', text: 'No' } }],
        source: sources.ciscoEntra,
      },
    ),
  };
}

export function assignSection({ scope }: Record<string, string>): GuideSection | null {
  if (scope !== 'assigned') return null;
  return {
    id: 'assign',
    title: 'Assign users',
    intro: 'Only users assigned to the application get a Webex account.',
    steps: steps(
      {
        id: 'add-assignment',
        text: 'Open the application’s assignments and add an assignment.',
        where: {
          current: 'Cisco Webex › Users and groups › Add user/group',
          older: 'Cisco Webex › Users and groups › Add Assignment',
        },
        source: sources.ciscoEntra,
      },
      {
        id: 'one-first',
        text: 'Choose a single test user, press Select, then Assign.',
        caution:
          'If the dialog offers roles, choose one of the application’s roles: users with the role "Default Access" are not provisioned.',
        source: sources.microsoftTutorial,
      },
      {
        id: 'more-later',
        text: 'After the first cycle has succeeded, add the other users and groups.',
        caution: 'Only the Wizard App in Control Hub synchronizes groups themselves.',
        source: sources.ciscoEntra,
      },
      {
        id: 'nested',
        text: 'Also assign nested groups, because only direct members of a group are provisioned.',
        source: sources.microsoftKnownIssues,
      },
    ),
  };
}
