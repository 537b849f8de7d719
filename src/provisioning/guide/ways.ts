import type { ProviderId } from '../../domain/providers.ts';
import { providerTitle } from '../../domain/providers.ts';
import { manualSetup } from '../push/manual-setup.ts';
import type { Via } from '../push/provider-push.ts';
import { sources } from '../settings-sources.ts';
import type { GuideField, GuideProfile, GuideQuestion, GuideSection } from './guide.ts';

/** A way for an application to reach Webex, for a person to choose. Those that need no pasting come first. */
export interface Way {
  via: Via;
  title: string;
  hint: string;
}

export function waysOf(provider: ProviderId): Way[] {
  const name = providerTitle(provider);
  const relay: Way = {
    via: 'relay',
    title: 'Through this server (relay)',
    hint: `${name} gets this server’s address and a secret once. After a renewal, there is nothing to do there.`,
  };
  const oauth: Way = {
    via: 'oauth',
    title: 'With client credentials',
    hint: `${name} fetches the token from this server’s token endpoint and calls Webex itself. After a renewal, there is nothing to do there.`,
  };
  const token: Way = {
    via: 'token',
    title: 'With the token itself',
    hint: `${name} does not need this server, but needs the new token after each renewal.`,
  };
  return provider === 'entra' ? [relay, oauth, token] : [relay, token];
}

/** The requirements of the ways without pasting, and what happens while the server is down. */
export function requirementsOf(provider: ProviderId): string[] {
  const name = providerTitle(provider);
  const agent =
    provider === 'entra'
      ? ' Or use Entra ID’s on-premises SCIM application with its provisioning agent, which does not need a public address.'
      : '';
  return [
    `An address of this server that ${name} can reach over https, with a certificate from a public CA. Set WEBEX_TOKEN_ISSUER to this address.${agent}`,
    'A server that runs all the time, not only on the day of the renewal.',
    'While the server is down, provisioning pauses, and it catches up in the next cycle. Nothing is lost.',
  ];
}

/** The first questions of every guide: the way, the task, and whether the application exists. */
export function firstQuestions(provider: ProviderId): GuideQuestion[] {
  const applications = provider === 'entra' ? 'enterprise applications' : 'Okta applications';
  return [
    {
      id: 'way',
      text: `How does ${providerTitle(provider)} reach Webex?`,
      options: waysOf(provider).map(({ via, title }) => ({ value: via, label: title })),
    },
    {
      id: 'task',
      text: 'What do you want to do?',
      options: [
        { value: 'set-up', label: 'Set up provisioning for the first time' },
        { value: 'replace', label: 'Replace the token' },
      ],
    },
    {
      id: 'app',
      text: `Is Cisco Webex already one of your ${applications}?`,
      options: [
        { value: 'missing', label: 'No, or I don’t know' },
        { value: 'there', label: 'Yes, for example for single sign-on' },
      ],
    },
  ];
}

/** The steps for entering the address and the secret of the relay or of the token endpoint. */
export function accessSection(
  provider: ProviderId,
  via: Exclude<Via, 'token'>,
  profile: GuideProfile,
): GuideSection {
  const name = providerTitle(provider);
  const source = provider === 'entra' ? sources.microsoftScim : sources.oktaScim;
  const { where, fields, afterwards } = manualSetup(provider, via, 'Cisco Webex', {
    orgId: profile.orgId ?? '',
    tenantUrl: (via === 'relay' ? profile.relayUrl : profile.tenantUrl) ?? '',
    tokenEndpoint: profile.tokenEndpoint,
    clientId: 'shown together with the secret',
  });
  return {
    id: 'connect',
    title: `Connect ${name} to ${via === 'relay' ? 'this server' : 'the token endpoint'}`,
    intro: 'You do this only once. After a renewal, there is nothing to do here.',
    steps: [
      {
        id: 'address',
        text: `Make sure that ${name} can reach this server.`,
        result: `${profile.tokenEndpoint.replace(/\/oauth\/token$/, '')} is its current address.`,
        caution: requirementsOf(provider)[0] ?? '',
        source,
      },
      { id: 'offer', text: 'Create the secret. It is shown once, with all the values to enter.', source },
      {
        id: 'enter',
        text: `Enter the values.`,
        where: { current: where.replaceAll(', ', ' › ') },
        fields: fields.map(
          ({ field, value }): GuideField => ({
            current: field,
            value: /^https?:/.test(value) ? { kind: 'copy', text: value } : { kind: 'choose', text: value },
          }),
        ),
        source,
      },
      ...afterwards.map((text, at) => ({ id: `afterwards-${at + 1}`, text, source })),
      {
        id: 'connected',
        text: `The organization’s page shows “Always current” as soon as ${name} has connected.`,
        source,
      },
    ],
  };
}

/** The title of a guide. */
export function titleOf(provider: ProviderId, replacing: boolean, via: Via | null): string {
  const name = providerTitle(provider);
  if (!replacing) return `Set up provisioning from ${name} manually`;
  return via === null ? `Replace the token in ${name} manually` : `Connect ${name} to this server manually`;
}

export const leadOfAccess =
  'The saved settings keep working until you save the new values, so there is no rush. Test first, then save.';
