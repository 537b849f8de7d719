import { randomUUID } from 'node:crypto';
import type { Profile } from '../../../src/domain/profile.ts';
import type { Token } from '../../../src/domain/token.ts';

export function fakeProfile(changes: Partial<Profile> = {}): Profile {
  const id = randomUUID();
  return {
    id,
    name: `profile-${id.slice(0, 8)}`,
    deployment: 'commercial',
    orgId: null,
    scopes: ['spark:people_read'],
    createdAt: 1000,
    contact: null,
    tags: [],
    undeliveredUntil: null,
    displayName: null,
    ...changes,
  };
}

export function fakeToken(changes: Partial<Token> = {}): Token {
  return {
    id: randomUUID(),
    profileId: 'none',
    state: 'current',
    source: 'sign-in',
    capturedAt: 1000,
    lifetimes: { confirmed: null, reported: 5000, documented: 9000 },
    scopes: ['spark:people_read'],
    orgId: null,
    account: null,
    verifiedAt: null,
    rejectedAt: null,
    reviewReason: null,
    warnings: [],
    ...changes,
  };
}
