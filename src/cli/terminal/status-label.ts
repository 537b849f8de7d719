import type { ProfileStatus } from '../../domain/profile-status.ts';
import { styled } from './terminal.ts';

const styles = { valid: 'green', expiring: 'yellow', expired: 'red', rejected: 'red', empty: 'dim' } as const;

/** A profile's status, coloured where colour is wanted; the word alone says it all. */
export function statusLabel(status: ProfileStatus): string {
  return styled(styles[status], status);
}
