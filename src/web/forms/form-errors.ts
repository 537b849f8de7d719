import { BrokerError } from '../../errors/broker-error.ts';
import type { ErrorCode } from '../../errors/error-codes.ts';
import { type Help, pageHelp, remediesOf } from '../../errors/remedy.ts';
import type { FieldError } from '../view-models/pages.ts';

/** The field that an error is about, by its code. */
const fields: [code: RegExp, field: string][] = [
  [/^E_PROFILE_(NAME|EXISTS)$|^E_CLIENT_(NAME|EXISTS)$/, 'name'],
  [/^E_NO_PROFILE$/, 'profiles'],
  [/^E_USAGE$/, 'until'],
  [/^E_ADDRESS$/, 'addresses'],
  [/^E_JWKS$/, 'jwks'],
  [/^E_CLIENT_ISSUER$/, 'issuer'],
  [/^E_CLIENT_SUBJECT$/, 'subject'],
  [/^E_CLIENT_AUDIENCE$/, 'audience'],
  [/^E_TAG$/, 'tag'],
  [/^E_CONTACT$/, 'contact'],
  [/^E_ORGANIZATION_ID$|^E_PROFILE_MISMATCH$/, 'orgId'],
  [/^E_(REDIRECT_|TOKEN_|STATE_|ISSUER|SIGN_IN_FAILED|OTHER_DEPLOYMENT)/, 'text'],
];

/** The error of one form field. */
export function invalidField(field: string, message: string, help?: Help): FieldError {
  return { field, message, remedies: pageHelp(remediesOf(help)) };
}

/** Turns an error into the error of one of the `offered` fields. Rethrows it if it concerns none of them. */
export function fieldError(error: unknown, offered: readonly string[]): FieldError {
  if (!(error instanceof BrokerError)) throw error;
  const field = fieldOf(error.code);
  if (field === undefined || !offered.includes(field)) throw error;
  return { field, message: error.message, remedies: pageHelp(error.remedies) };
}

function fieldOf(code: ErrorCode): string | undefined {
  return fields.find(([pattern]) => pattern.test(code))?.[1];
}
