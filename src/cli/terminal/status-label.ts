import type { ProfileStatus } from '../../domain/profile-status.ts';
import { styled } from './terminal.ts';

const styles = { valid: 'green', expiring: 'yellow', expired: 'red', rejected: 'red', empty: 'dim' } as const;

/** A profile's status, in color where the stream gets color. The word alone says everything. */
export function statusLabel(status: ProfileStatus): string {
  return styled(styles[status], status);
}
