export type ProviderId = 'entra' | 'okta';

/** All identity providers that can provision Webex users, with the names that people see. */
export const providers = {
  entra: { title: 'Entra ID' },
  okta: { title: 'Okta' },
} as const satisfies Record<ProviderId, { title: string }>;

export const providerIds = Object.keys(providers) as readonly ProviderId[];

export function providerTitle(provider: ProviderId): string {
  return providers[provider].title;
}

/** The names of all providers, for a sentence about whichever one an organization uses. */
export function anyProvider(joinedBy: 'and' | 'or'): string {
  const type = joinedBy === 'and' ? 'conjunction' : 'disjunction';
  return new Intl.ListFormat('en-US', { type }).format(providerIds.map(providerTitle));
}
