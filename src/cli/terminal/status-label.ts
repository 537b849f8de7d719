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

/** Short texts for the problems of a token in use. */
export const findingLabels = {
  'other-organization': 'wrong organization',
  'not-full-admin': 'not a full administrator',
} as const satisfies Record<TokenFinding, string>;

/**
 * A profile's status and the problem of its token, if any. In color if the stream gets color, but the words alone are
 * sufficient.
 */
export function statusLabel({ status, finding }: Pick<ProfileSummary, 'status' | 'finding'>): string {
  const label = styled(styles[status], status);
  return finding === null ? label : `${label}, ${styled('red', findingLabels[finding])}`;
}
