import { providerNames } from '../record-push.ts';
import { sources } from '../settings-sources.ts';
import { connectSection, replaceSection } from './entra-connect.ts';
import { mappingsSection, scopeSection } from './entra-mappings.ts';
import { logsSection, operationsSection } from './entra-operations.ts';
import { addAppSection, assignSection, prepareSection } from './entra-prepare.ts';
import { assemble, type Guide, type GuideProfile, type GuideQuestion, resolveAnswers } from './guide.ts';

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
    text: 'Is Cisco Webex among your enterprise applications already?',
    options: [
      { value: 'missing', label: 'No, or I do not know' },
      { value: 'there', label: 'Yes, for example for single sign-on' },
    ],
  },
  {
    id: 'scope',
    text: 'Who is to get a Webex account?',
    options: [
      { value: 'assigned', label: 'Chosen users and groups (Cisco recommends it)' },
      { value: 'all', label: 'Everybody in the directory' },
    ],
  },
  {
    id: 'userName',
    text: 'Is the user principal name the same as the mail address in Webex?',
    options: [
      { value: 'same', label: 'Yes' },
      { value: 'differs', label: 'No' },
    ],
  },
  {
    id: 'attributes',
    text: 'Which attributes should Webex get?',
    options: [
      { value: 'default', label: 'Names and status, as is the default' },
      { value: 'more', label: 'Also title, address or phone numbers' },
    ],
  },
  {
    id: 'cloud',
    text: 'Which of Microsoft’s clouds is your Entra ID in?',
    options: [
      { value: 'global', label: 'The usual one (GCC included)' },
      { value: 'government', label: 'US Government (GCC High, DoD)' },
      { value: 'china', label: 'China (21Vianet)' },
    ],
  },
];

/** Questions that only a first set-up asks. */
const setUpOnly = ['app', 'scope', 'userName', 'attributes'];

/** How to give Entra ID the token by hand: only the steps that this person needs. */
export function entraGuide(profile: GuideProfile, given: Record<string, unknown> = {}): Guide {
  const answers = resolveAnswers(questions, given, {
    task: profile.handedOverBefore ? 'replace' : 'set-up',
    app: profile.handedOverBefore ? 'there' : 'missing',
  });
  const replacing = answers.task === 'replace';
  const asked = questions.filter(({ id }) => !(replacing && setUpOnly.includes(id)));
  const guide = {
    tool: 'entra' as const,
    title: `${replacing ? 'Replace the token in' : 'Set up provisioning from'} ${providerNames.entra} by hand`,
    lead: replacing
      ? 'The token that Entra ID has goes on working until its own end, so there is no hurry between the steps. Test first, then save.'
      : 'Entra ID then creates, changes and deactivates the Webex accounts of the people you choose. Begin with one person, and add the others once that worked.',
    questions: asked,
    answers,
  };
  if (replacing) {
    return assemble(guide, [replaceSection(profile, answers), logsSection(), operationsSection()]);
  }
  return assemble(guide, [
    prepareSection(profile, answers),
    addAppSection(answers),
    assignSection(answers),
    connectSection(profile, answers),
    mappingsSection(answers),
    scopeSection(profile, answers),
    logsSection(),
    operationsSection(),
  ]);
}

/** What Cisco offers beside this application, for people who are not sure that it is what they want. */
export const entraAlternative = {
  text: 'The Entra ID Wizard App in Control Hub is Cisco’s other way. Groups as such are synchronized by it only, and pictures where you want them.',
  source: sources.ciscoWizard,
};
