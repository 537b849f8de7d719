import type { Remedy } from '../../errors/remedy.ts';

/** For a profile without a token. */
export function getToken(profile: string): Remedy {
  return {
    text: 'Get a token',
    command: ['login', profile],
    link: { label: 'Sign in', path: `/profiles/${profile}` },
  };
}

/** For a profile whose token can no longer be used. */
export function getNewToken(profile: string): Remedy {
  return {
    text: 'Get a new token',
    command: ['login', profile],
    link: { label: 'Renew', path: `/profiles/${profile}` },
  };
}
