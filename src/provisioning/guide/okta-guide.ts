import { providerNames } from '../record-push.ts';
import { sources } from '../settings-sources.ts';
import {
  assemble,
  copyOrMissing,
  type Guide,
  type GuideProfile,
  type GuideQuestion,
  resolveAnswers,
} from './guide.ts';
import { oktaAssignSection, oktaAttributesSection, oktaLaterSection } from './okta-operations.ts';
import { oktaAddAppSection, oktaPrepareSection } from './okta-prepare.ts';

const questions: GuideQuestion[] = [
  {
    id: 'task',
    text: 'What do you want to do?',
    options: [
      { value: 'set-up', label: 'Set up provisioning for the first time' },
      { value: 'replace', label: 'Replace the token that is there' },
    ],
  },
  {
    id: 'app',
    text: 'Is Cisco Webex among your Okta applications already?',
    options: [
      { value: 'missing', label: 'No, or I do not know' },
      { value: 'there', label: 'Yes, for example for single sign-on' },
    ],
  },
  {
    id: 'role',
    text: 'Whose organization is it?',
    options: [
      { value: 'own', label: 'My own' },
      { value: 'customer', label: 'A customer’s: I am a partner' },
    ],
  },
  {
    id: 'who',
    text: 'How do you choose people?',
    options: [
      { value: 'people', label: 'One by one' },
      { value: 'groups', label: 'By Okta group' },
    ],
  },
];

/** How to give Okta the token by hand: only the steps that this person needs. */
export function oktaGuide(profile: GuideProfile, given: Record<string, unknown> = {}): Guide {
  const answers = resolveAnswers(questions, given, {
    task: profile.handedOverBefore ? 'replace' : 'set-up',
    app: profile.handedOverBefore ? 'there' : 'missing',
  });
  const replacing = answers.task === 'replace';
  const guide = {
    tool: 'okta' as const,
    title: `${replacing ? 'Replace the token in' : 'Set up provisioning from'} ${providerNames.okta} by hand`,
    lead: replacing
      ? 'The token that Okta has goes on working until its own end, so there is no hurry. Test first, then save.'
      : 'Okta then creates, changes and deactivates the Webex accounts of the people you assign. Begin with one person, and add the others once that worked.',
    questions: questions.filter(({ id }) => !replacing || id === 'task'),
    answers,
  };
  if (replacing) return assemble(guide, [connectSection(profile, true), oktaLaterSection()]);
  return assemble(guide, [
    oktaPrepareSection(answers),
    oktaAddAppSection(answers),
    connectSection(profile, false),
    oktaAttributesSection(),
    oktaAssignSection(answers),
    oktaLaterSection(),
  ]);
}

function connectSection(profile: GuideProfile, replacing: boolean) {
  return {
    id: 'connect',
    title: replacing ? 'Replace the token' : 'Connect Okta to Webex',
    steps: [
      {
        id: 'test-here',
        text: 'Test the token from here first: "Test" on this profile’s page asks Webex just what Okta’s Test API Credentials asks.',
        source: sources.ciscoOkta,
      },
      replacing
        ? {
            id: 'open',
            text: 'Open the application’s integration, and edit it.',
            where: {
              current: 'Applications › Cisco Webex › Provisioning › Integration › Edit',
              older: 'Applications › Cisco Webex › Provisioning › API Integration › Edit',
            },
            source: sources.ciscoOkta,
          }
        : {
            id: 'open',
            text: 'Open the application’s provisioning, and press Configure API Integration.',
            where: { current: 'Applications › Cisco Webex › Provisioning › Configure API Integration' },
            source: sources.ciscoOkta,
          },
      {
        id: 'credentials',
        text: replacing
          ? 'Put the new token in the place of the old one, and compare the organization.'
          : 'Fill in the credentials.',
        fields: [
          ...(replacing
            ? []
            : [{ current: 'Enable API Integration', value: { kind: 'choose' as const, text: 'checked' } }]),
          {
            current: 'Organization ID',
            value: copyOrMissing(profile.orgId, 'known once somebody has signed in to Webex'),
          },
          { current: 'API Token', value: { kind: 'secret-token' as const } },
        ],
        source: sources.ciscoOkta,
      },
      {
        id: 'test-credentials',
        text: 'Press Test API Credentials.',
        result: 'A message says that Webex was verified successfully.',
        caution: 'If it fails, save nothing: what was there stays in place. Test from here, which says why.',
        source: sources.ciscoOkta,
      },
      { id: 'save', text: 'Press Save.', source: sources.ciscoOkta },
      {
        id: 'tell',
        text: 'Tell this program that Okta has the token now ("Done by hand", on this page), so that it reminds you of this place at the next renewal.',
        source: sources.ciscoOkta,
      },
    ],
  };
}
