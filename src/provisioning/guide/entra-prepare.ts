import { sources } from '../settings-sources.ts';
import { copyOrMissing, type GuideProfile, type GuideSection, steps } from './guide.ts';

export function prepareSection(profile: GuideProfile, { cloud }: Record<string, string>): GuideSection {
  return {
    id: 'prepare',
    title: 'Before you begin',
    steps: steps(
      {
        id: 'roles',
        text: 'In Entra ID you need the role Cloud Application Administrator or Application Administrator. The token has to come from a full administrator of the Webex organization: this profile’s page says whether it does.',
        source: sources.microsoftTutorial,
      },
      {
        id: 'organization',
        text: 'Check that this is the organization you mean. Control Hub shows its ID under Account, or by a click on the organization’s name at the bottom left.',
        fields: [
          {
            current: 'Organization ID',
            value: copyOrMissing(profile.orgId, 'known once somebody has signed in to Webex'),
          },
        ],
        source: sources.ciscoEntra,
      },
      {
        id: 'test-here',
        text: 'Test the token from here first: "Test" on this profile’s page asks Webex just what Entra ID’s Test Connection asks.',
        caution: 'Where this test fails, the one in the portal fails too, and says less about why.',
        source: sources.microsoftScim,
      },
      profile.deployment === 'government'
        ? {
            id: 'domains',
            text: 'Verify your domains in Control Hub: most Webex for Government organizations require it.',
            caution: 'Where only verified domains are allowed, users of others are not created.',
            source: sources.ciscoEntra,
          }
        : {
            id: 'domains',
            text: 'If your organization allows only verified domains, verify them in Control Hub first.',
            caution: 'Users of unverified domains are not created then.',
            source: sources.ciscoEntra,
          },
      cloud === 'china' && {
        id: 'china',
        text: 'Look whether the gallery of China’s cloud has Cisco Webex: it holds few applications.',
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
      'If single sign-on to Webex runs through Entra ID, the application is there already, and you can skip this.',
    steps: steps(
      {
        id: 'sign-in',
        text: 'Sign in to the admin center.',
        where: { current: 'https://entra.microsoft.com', older: 'https://portal.azure.com' },
        source: sources.ciscoEntra,
      },
      {
        id: 'new-application',
        text: 'Open the list of applications, and begin a new one.',
        where: {
          current: 'Entra ID › Enterprise apps › New application',
          older:
            'Azure Active Directory › Enterprise applications › New application (or Add › Add an application from the gallery)',
        },
        source: sources.microsoftTutorial,
      },
      {
        id: 'choose-webex',
        text: 'Search the gallery, choose Cisco Webex among the results, and add it.',
        fields: [
          {
            current: 'Search application',
            older: 'Add from the gallery',
            value: { kind: 'copy', text: 'Cisco Webex' },
          },
        ],
        result: 'A message says that the application was added.',
        source: sources.ciscoEntra,
      },
      {
        id: 'hide',
        text: 'If it is for provisioning only, hide it from people’s own list of applications.',
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
    title: 'Choose who is provisioned',
    intro: 'Only who is assigned to the application gets a Webex account.',
    steps: steps(
      {
        id: 'add-assignment',
        text: 'Open the application’s assignments, and add one.',
        where: {
          current: 'Cisco Webex › Users and groups › Add user/group',
          older: 'Cisco Webex › Users and groups › Add Assignment',
        },
        source: sources.ciscoEntra,
      },
      {
        id: 'one-first',
        text: 'Choose a single test user for now, press Select, then Assign.',
        caution:
          'If the dialog offers roles, choose one of the application’s own: whoever has the role "Default Access" is left out.',
        source: sources.microsoftTutorial,
      },
      {
        id: 'more-later',
        text: 'Come back for the others, people or groups, once the first cycle went well.',
        caution: 'Groups as such reach Webex by the Wizard App in Control Hub only.',
        source: sources.ciscoEntra,
      },
      {
        id: 'nested',
        text: 'Of a group within a group, assign the inner one too: only direct members are provisioned.',
        source: sources.microsoftKnownIssues,
      },
    ),
  };
}
