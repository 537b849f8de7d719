import { hostname, userInfo } from 'node:os';

/** This machine, as the store's people know it. */
export function thisHost(): string {
  return hostname().slice(0, 60) || 'unknown';
}

/** Whose a key is that is made here: `user@host`. */
export function keyName(): string {
  let user = 'unknown';
  try {
    user = userInfo().username;
  } catch {
    // A container may run as a user that has no name.
  }
  return `${user}@${thisHost()}`.replace(/[^\w.@-]/g, '-');
}
