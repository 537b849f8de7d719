import { sources } from '../settings-sources.ts';
import {
  assemble,
  copyOrMissing,
  type Guide,
  type GuideProfile,
  type GuideQuestion,
  resolveAnswers,
} from './guide.ts';
import { oktaAssignSection, oktaAttributesSection, oktaOperationsSection } from './okta-operations.ts';
import { oktaAddAppSection, oktaPrepareSection } from './okta-prepare.ts';
import { controlHub, oktaAdminConsole } from './portals.ts';
import { accessSection, firstQuestions, leadOfAccess, titleOf } from './ways.ts';

const questions: GuideQuestion[] = [
  ...firstQuestions('okta'),
  {
    id: 'role',
    text: 'Which organization is it for?',
    options: [
      { value: 'own', label: 'My organization' },
      { value: 'customer', label: 'A customer’s organization (I am a partner)' },
    ],
  },
  {
    id: 'who',
    text: 'How do you assign users?',
    options: [
      { value: 'people', label: 'Individually' },
      { value: 'groups', label: 'By Okta group' },
    ],
  },
];

/** The guide for installing the token in Okta manually, with only the steps that this person needs. */
export function oktaGuide(profile: GuideProfile, given: Record<string, unknown> = {}): Guide {
  const answers = resolveAnswers(questions, given, {
    task: profile.installedBefore ? 'replace' : 'set-up',
    app: profile.installedBefore ? 'there' : 'missing',
    way: profile.via,
  });
  const via = answers.way === 'relay' || answers.way === 'oauth' ? answers.way : null;
  const console = oktaAdminConsole(profile.oktaOrgUrl);
  const replacing = answers.task === 'replace';
  const guide = {
    provider: 'okta' as const,
    title: titleOf('okta', replacing, via),
    lead:
      replacing && via !== null
        ? leadOfAccess
        : replacing
          ? 'The current token keeps working until it expires, so there is no rush. Test first, then save.'
          : 'Okta then creates, updates and deactivates the Webex accounts of the people you assign. Start with one person, and add the others when that works.',
    questions: questions.filter(({ id }) => !replacing || id === 'task' || id === 'way'),
    answers,
    portals: {
      ...(console !== null && { Applications: console, 'Okta Admin Console': console }),
      [controlHub.url]: controlHub,
    },
  };
  const connect = via === null ? connectSection(profile, replacing) : accessSection('okta', via, profile);
  if (replacing) return assemble(guide, [connect, oktaOperationsSection()]);
  return assemble(guide, [
    oktaPrepareSection(answers),
    via === null ? oktaAddAppSection(answers) : null,
    connect,
    oktaAttributesSection(),
    oktaAssignSection(answers),
    oktaOperationsSection(),
  ]);
}

function connectSection(profile: GuideProfile, replacing: boolean) {
  return {
    id: 'connect',
    title: replacing ? 'Replace the token' : 'Connect Okta to Webex',
    steps: [
      {
        id: 'test-here',
        text: 'Test the token here first. “Test” on this organization’s page sends the same requests to Webex as Okta’s Test API Credentials.',
        source: sources.ciscoOkta,
      },
      replacing
        ? {
            id: 'open',
            text: 'Open the application’s integration and edit it.',
            where: {
              current: 'Applications › Cisco Webex › Provisioning › Integration › Edit',
              older: 'Applications › Cisco Webex › Provisioning › API Integration › Edit',
            },
            source: sources.ciscoOkta,
          }
        : {
            id: 'open',
            text: 'Open the application’s provisioning and press Configure API Integration.',
            where: { current: 'Applications › Cisco Webex › Provisioning › Configure API Integration' },
            source: sources.ciscoOkta,
          },
      {
        id: 'credentials',
        text: replacing ? 'Replace the token, and check the organization.' : 'Fill in the credentials.',
        fields: [
          ...(replacing
            ? []
            : [{ current: 'Enable API Integration', value: { kind: 'choose' as const, text: 'checked' } }]),
          {
            current: 'Organization ID',
            value: copyOrMissing(profile.orgId, 'known after the first sign-in to Webex'),
          },
          { current: 'API Token', value: { kind: 'secret-token' as const } },
        ],
        source: sources.ciscoOkta,
      },
      {
        id: 'test-credentials',
        text: 'Press Test API Credentials.',
        result: 'A message says that Webex was verified successfully.',
        caution:
          'If it fails, do not save: the previous token stays in place. To find out why, test the token here.',
        source: sources.ciscoOkta,
      },
      { id: 'save', text: 'Press Save.', source: sources.ciscoOkta },
      {
        id: 'tell',
        text: 'Press “I’ve updated it” on this page, so that you are reminded to update Okta after the next renewal.',
        source: sources.ciscoOkta,
      },
    ],
  };
}
