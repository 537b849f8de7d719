import { hostname } from 'node:os';
import { userName } from '../../environment/os-user.ts';

/** The name of this host, as `key status` shows it. */
export function hostName(): string {
  return hostname().slice(0, 60) || 'unknown';
}

/** The default name of a key created on this host: `user@host`. */
export function defaultKeyName(): string {
  return `${userName()}@${hostName()}`.replace(/[^\w.@-]/g, '-');
}
