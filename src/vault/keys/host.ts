import { hostname } from 'node:os';
import { userName } from '../../environment/os-user.ts';

/** This machine, as the store's people know it. */
export function hostName(): string {
  return hostname().slice(0, 60) || 'unknown';
}

/** Whose a key is that is made here: `user@host`. */
export function defaultKeyName(): string {
  return `${userName()}@${hostName()}`.replace(/[^\w.@-]/g, '-');
}
