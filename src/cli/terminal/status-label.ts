import type { ProfileStatus } from '../../domain/profile-status.ts';
import { styled } from './terminal.ts';

const styles = {
  undelivered: 'yellow',
  rejected: 'red',
  expired: 'red',
  expiring: 'yellow',
  valid: 'green',
  empty: 'dim',
} as const satisfies Record<ProfileStatus, string>;

/** A profile's status, in color where the stream gets color. The word alone says everything. */
export function statusLabel(status: ProfileStatus): string {
  return styled(styles[status], status);
}
