import type { TokenFinding } from '../../domain/assess-token.ts';
import type { ProfileStatus } from '../../domain/profile-status.ts';
import type { ProfileSummary } from '../../domain/profile-summary.ts';
import { styled } from './terminal.ts';

const styles = {
  undelivered: 'yellow',
  rejected: 'red',
  expired: 'red',
  expiring: 'yellow',
  valid: 'green',
  empty: 'dim',
} as const satisfies Record<ProfileStatus, string>;

/** What speaks against a token that is in use, in a few words. */
export const findingLabels = {
  'other-organization': 'wrong organization',
  'not-full-admin': 'not a full administrator',
} as const satisfies Record<TokenFinding, string>;

/**
 * A profile's status, in color where the stream gets color, and what speaks against its token. The words alone say
 * everything.
 */
export function statusLabel({ status, finding }: Pick<ProfileSummary, 'status' | 'finding'>): string {
  const label = styled(styles[status], status);
  return finding === null ? label : `${label}, ${styled('red', findingLabels[finding])}`;
}
