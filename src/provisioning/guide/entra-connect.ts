import { usGovSecretsLimitBytes } from '../entra/graph/synchronization-secrets.ts';
import { sources } from '../settings-sources.ts';
import { copyOrMissing, type GuideProfile, type GuideSection, type GuideStep, steps } from './guide.ts';

const unknownOrganization = 'made once the organization is known';

export function connectSection(profile: GuideProfile, { cloud }: Record<string, string>): GuideSection {
  return {
    id: 'connect',
    title: 'Connect Entra ID to Webex',
    steps: steps(
      {
        id: 'open-provisioning',
        text: 'Open the application, and its provisioning. If a button offers to get started, press it.',
        where: {
          current: 'Entra ID › Enterprise apps › Cisco Webex › Provisioning',
          older:
            'Azure Active Directory › Enterprise applications › All applications › Cisco Webex › Provisioning',
        },
        source: sources.microsoftTutorial,
      },
      {
        id: 'mode',
        text: 'Switch provisioning to automatic.',
        fields: [{ current: 'Provisioning Mode', value: { kind: 'choose', text: 'Automatic' } }],
        source: sources.ciscoEntra,
      },
      {
        id: 'credentials',
        text: 'Fill in the credentials.',
        where: { current: 'Admin Credentials', older: 'Admin Credentials' },
        fields: [
          { current: 'Tenant URL', value: copyOrMissing(profile.tenantUrl, unknownOrganization) },
          { current: 'Secret Token', value: { kind: 'secret-token' } },
        ],
        source: sources.ciscoEntra,
      },
      ...testAndSave(cloud),
    ),
  };
}

export function replaceSection(profile: GuideProfile, { cloud }: Record<string, string>): GuideSection {
  return {
    id: 'replace',
    title: 'Replace the token',
    steps: steps(
      {
        id: 'test-here',
        text: 'Test the new token from here first: "Test" on this profile’s page asks Webex just what Entra ID’s Test Connection asks.',
        source: sources.microsoftScim,
      },
      {
        id: 'open-credentials',
        text: 'Open the application’s provisioning, and its credentials.',
        where: {
          current:
            'Entra ID › Enterprise apps › Cisco Webex › Provisioning › Connectivity (or Edit provisioning › Admin Credentials)',
          older:
            'Azure Active Directory › Enterprise applications › Cisco Webex › Provisioning › Edit provisioning › Admin Credentials',
        },
        source: sources.microsoftTutorial,
      },
      {
        id: 'new-token',
        text: 'Put the new token in the place of the old one. The Tenant URL stays as it is; compare it.',
        fields: [
          { current: 'Secret Token', value: { kind: 'secret-token' } },
          { current: 'Tenant URL', value: copyOrMissing(profile.tenantUrl, unknownOrganization) },
        ],
        source: sources.ciscoEntra,
      },
      ...testAndSave(cloud),
      {
        id: 'lift-quarantine',
        text: 'If the Provisioning page speaks of a quarantine, press Restart provisioning. Without that it ends by itself, at the next attempt: within a day.',
        caution:
          'A restart looks at everybody anew, and takes as long as the first cycle did. After 28 days in quarantine Entra ID disables the job.',
        source: sources.microsoftQuarantine,
      },
    ),
  };
}

function testAndSave(cloud: string | undefined): GuideStep[] {
  return steps(
    {
      id: 'test-connection',
      text: 'Press Test Connection.',
      result: 'A message says that the credentials are authorized to enable provisioning.',
      caution: 'If it fails, save nothing: what was there stays in place. Test from here, which says why.',
      source: sources.ciscoEntra,
    },
    {
      id: 'notification',
      text: 'Say who is told when provisioning fails, best a mailbox that several people read.',
      fields: [
        {
          current: 'Notification Email',
          value: { kind: 'own', text: 'the address of the people in charge' },
        },
        {
          current: 'Send an email notification when a failure occurs',
          value: { kind: 'choose', text: 'checked' },
        },
      ],
      caution: 'Entra ID mails once when it puts the application in quarantine, and not again.',
      source: sources.microsoftQuarantine,
    },
    cloud === 'government' && {
      id: 'government-limit',
      text: `Keep the notification addresses few and short: token and addresses share ${usGovSecretsLimitBytes} bytes in the US Government clouds.`,
      source: sources.microsoftKnownIssues,
    },
    {
      id: 'save',
      text: 'Press Save.',
      result: 'Entra ID may now provision Webex users; nothing runs yet if it is the first time.',
      source: sources.ciscoEntra,
    },
    {
      id: 'tell',
      text: 'Tell this program that Entra ID has the token now ("Done by hand", on this page), so that it reminds you of this place at the next renewal.',
      source: sources.ciscoEntra,
    },
  );
}
