import { sources } from '../settings-sources.ts';
import { connectSection, replaceSection } from './entra-connect.ts';
import { mappingsSection, scopeSection } from './entra-mappings.ts';
import { logsSection, operationsSection } from './entra-operations.ts';
import { addAppSection, assignSection, prepareSection } from './entra-prepare.ts';
import { assemble, type Guide, type GuideProfile, type GuideQuestion, resolveAnswers } from './guide.ts';
import { controlHub, entraPortal } from './portals.ts';
import { accessSection, firstQuestions, leadOfAccess, titleOf } from './ways.ts';

const questions: GuideQuestion[] = [
  ...firstQuestions('entra'),
  {
    id: 'scope',
    text: 'Who gets a Webex account?',
    options: [
      { value: 'assigned', label: 'Assigned users and groups (recommended by Cisco)' },
      { value: 'all', label: 'All users in the directory' },
    ],
  },
  {
    id: 'userName',
    text: 'Is the user principal name the same as the email address in Webex?',
    options: [
      { value: 'same', label: 'Yes' },
      { value: 'differs', label: 'No' },
    ],
  },
  {
    id: 'attributes',
    text: 'Which attributes do you want to synchronize?',
    options: [
      { value: 'default', label: 'Names and status (default)' },
      { value: 'more', label: 'Also title, address or phone numbers' },
    ],
  },
  {
    id: 'cloud',
    text: 'Which Microsoft cloud is your Entra ID in?',
    options: [
      { value: 'global', label: 'Global (includes GCC)' },
      { value: 'government', label: 'US Government (GCC High, DoD)' },
      { value: 'china', label: 'China (21Vianet)' },
    ],
  },
];

/** Questions only for the first setup. */
const setUpOnly = ['app', 'scope', 'userName', 'attributes'];

/** The guide for installing the token in Entra ID manually, with only the steps that this person needs. */
export function entraGuide(profile: GuideProfile, given: Record<string, unknown> = {}): Guide {
  const answers = resolveAnswers(questions, given, {
    task: profile.installedBefore ? 'replace' : 'set-up',
    app: profile.installedBefore ? 'there' : 'missing',
    way: profile.via,
  });
  const via = answers.way === 'relay' || answers.way === 'oauth' ? answers.way : null;
  const replacing = answers.task === 'replace';
  const asked = questions.filter(({ id }) => !(replacing && setUpOnly.includes(id)));
  const connect = via === null ? connectSection(profile, answers) : accessSection('entra', via, profile);
  const guide = {
    provider: 'entra' as const,
    title: titleOf('entra', replacing, via),
    lead:
      replacing && via !== null
        ? leadOfAccess
        : replacing
          ? 'The current token keeps working until it expires, so there is no rush. Test first, then save.'
          : 'Entra ID then creates, updates and deactivates the Webex accounts of the people you choose. Start with one person, and add the others when that works.',
    questions: asked,
    answers,
    portals: {
      'Entra ID': entraPortal(answers.cloud),
      'Entra admin center': entraPortal(answers.cloud),
      [controlHub.url]: controlHub,
    },
  };
  if (replacing) {
    const replace = via === null ? replaceSection(profile, answers) : connect;
    return assemble(guide, [replace, logsSection(), operationsSection()]);
  }
  return assemble(guide, [
    prepareSection(profile, answers),
    addAppSection(answers),
    assignSection(answers),
    connect,
    mappingsSection(answers),
    scopeSection(profile, answers),
    logsSection(),
    operationsSection(),
  ]);
}

/** Cisco's alternative to this application, for people who are not sure which one to use. */
export const entraAlternative = {
  text: 'Cisco’s alternative is the Entra ID Wizard App in Control Hub. Only the Wizard App synchronizes groups and, optionally, pictures.',
  source: sources.ciscoWizard,
};
