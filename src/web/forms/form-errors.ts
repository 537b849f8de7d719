import { BrokerError } from '../../errors/broker-error.ts';
import { remedyFor } from '../errors/remedies.ts';
import type { FieldError } from '../view-models/pages.ts';

/** Which field an error is about, by its code. */
const fields: [code: RegExp, field: string][] = [
  [/^E_PROFILE_(NAME|EXISTS)$|^E_CLIENT_(NAME|EXISTS)$/, 'name'],
  [/^E_NO_PROFILE$/, 'profiles'],
  [/^E_USAGE$/, 'until'],
  [/^E_ADDRESS$/, 'addresses'],
  [/^E_JWKS$/, 'jwks'],
  [/^E_TAG$/, 'tag'],
  [/^E_CONTACT$/, 'contact'],
  [/^E_ORGANIZATION_ID$|^E_PROFILE_MISMATCH$/, 'orgId'],
  [/^E_(REDIRECT_|TOKEN_|SIGN_IN_FAILED|OTHER_DEPLOYMENT)/, 'text'],
];

/** An error as one of a form's fields; throws what is about no field of it. */
export function fieldError(error: unknown, offered: readonly string[]): FieldError {
  if (!(error instanceof BrokerError)) throw error;
  const field = fields.find(([code]) => code.test(error.code))?.[1];
  if (field === undefined || !offered.includes(field)) throw error;
  return { field, message: error.message, help: remedyFor(error.help ?? null) };
}
