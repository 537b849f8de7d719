import { BrokerError } from '../errors.ts';

/*
 * 0 done · 1 failed · 2 wrong usage · 3 no such profile, or it holds no token · 4 the token has expired ·
 * 5 Webex or the provisioning tool rejected it. Scripts depend on them.
 */
export const failed = 1;
export const usage = 2;
export const noToken = 3;
export const expired = 4;
export const rejected = 5;

const byCode: Record<string, number> = {
  E_USAGE: usage,
  E_SETTING: usage,
  E_PROFILE_NAME: usage,
  E_PROFILE_MISMATCH: usage,
  E_OTHER_DEPLOYMENT: usage,
  E_PROFILE_EXISTS: failed,
  E_ORGANIZATION_ID: usage,
  E_TAG: usage,
  E_CONTACT: usage,
  E_DATABASE_URL: usage,
  E_STORE_NOT_EMPTY: failed,
  E_CLIENT_NAME: usage,
  E_ADDRESS: usage,
  E_NO_PROFILE: noToken,
  E_NO_TOKEN: noToken,
  E_EXPIRED: expired,
  E_REJECTED: rejected,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof BrokerError ? (byCode[error.code] ?? failed) : failed;
}
