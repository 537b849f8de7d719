import { usGovSecretsLimitBytes } from '../entra/graph/synchronization-secrets.ts';
import { sources } from '../settings-sources.ts';
import { copyOrMissing, type GuideProfile, type GuideSection, type GuideStep, steps } from './guide.ts';

const unknownOrganization = 'available once the organization is known';

export function connectSection(profile: GuideProfile, { cloud }: Record<string, string>): GuideSection {
  return {
    id: 'connect',
    title: 'Connect Entra ID to Webex',
    steps: steps(
      {
        id: 'open-provisioning',
        text: 'Open the application’s provisioning. If there is a Get started button, press it.',
        where: {
          current: 'Entra ID › Enterprise apps › Cisco Webex › Provisioning',
          older:
            'Azure Active Directory › Enterprise applications › All applications › Cisco Webex › Provisioning',
        },
        source: sources.microsoftTutorial,
      },
      {
        id: 'mode',
        text: 'Set the provisioning mode to automatic.',
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
        text: 'Test the new token here first. “Test” on this organization’s page sends the same requests to Webex as Entra ID’s Test Connection.',
        source: sources.microsoftScim,
      },
      {
        id: 'open-credentials',
        text: 'Open the application’s provisioning and its credentials.',
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
        text: 'Replace the token. The Tenant URL does not change, but check it.',
        fields: [
          { current: 'Secret Token', value: { kind: 'secret-token' } },
          { current: 'Tenant URL', value: copyOrMissing(profile.tenantUrl, unknownOrganization) },
        ],
        source: sources.ciscoEntra,
      },
      ...testAndSave(cloud),
      {
        id: 'lift-quarantine',
        text: 'If the Provisioning page shows a quarantine, press Restart provisioning. If you do not, the quarantine ends with the next attempt, within a day.',
        caution:
          'A restart evaluates all users again and takes as long as the first cycle. After 28 days in quarantine, Entra ID disables the job.',
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
      result: 'A message confirms that the credentials are authorized to enable provisioning.',
      caution:
        'If it fails, do not save: the previous token stays in place. To find out why, test the token here.',
      source: sources.ciscoEntra,
    },
    {
      id: 'notification',
      text: 'Enter who gets an email when provisioning fails, preferably a shared mailbox.',
      fields: [
        {
          current: 'Notification Email',
          value: { kind: 'own', text: 'the address of the people responsible' },
        },
        {
          current: 'Send an email notification when a failure occurs',
          value: { kind: 'choose', text: 'checked' },
        },
      ],
      caution: 'Entra ID sends only one email, when it quarantines the application.',
      source: sources.microsoftQuarantine,
    },
    cloud === 'government' && {
      id: 'government-limit',
      text: `Keep the notification addresses short: in the US Government clouds, the token and the addresses together are limited to ${usGovSecretsLimitBytes} bytes.`,
      source: sources.microsoftKnownIssues,
    },
    {
      id: 'save',
      text: 'Press Save.',
      result:
        'Entra ID can now provision Webex users. If this is the first setup, provisioning is not running yet.',
      source: sources.ciscoEntra,
    },
    {
      id: 'tell',
      text: 'Press “I’ve updated it” on this page, so that you are reminded to update Entra ID after the next renewal.',
      source: sources.ciscoEntra,
    },
  );
}
