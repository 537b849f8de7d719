import { z } from 'zod';
import { explainFailure } from '../../http/explain-failure.ts';
import type { FailureReason } from '../../http/json-client.ts';
import type { WebexConnection } from './get-json.ts';
import { getJson } from './get-json.ts';

export type ExpiryResult =
  /** Epoch milliseconds. */
  { expiresAt: number } | { expiresAt: null; reason: FailureReason | 'out-of-range'; message: string };

const answered = z.object({
  exp: z.union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,16}$/)
      .transform(Number),
  ]),
});

const day = 86_400_000;
const tenYears = 3650 * day;

/**
 * Requests the token's expiry date from Webex: `GET /authorizations/tokenExpiry`. This may require a scope that the documented
 * client does not have, so null is common and does not mean that the token is invalid.
 */
export async function tokenExpiry(connection: WebexConnection, token: string): Promise<ExpiryResult> {
  const answer = await getJson(connection, token, `${connection.api}/authorizations/tokenExpiry`, answered);
  if (!answer.ok) {
    const { message } = explainFailure(answer.failure, 'Webex');
    return { expiresAt: null, reason: answer.failure.reason, message };
  }
  const { exp } = answer.value;
  const now = connection.now();
  // Webex accepted the token, so a date in the past or more than ten years from now is not a valid value in milliseconds.
  if (Number.isSafeInteger(exp) && exp > now - day && exp < now + tenYears) return { expiresAt: exp };
  return {
    expiresAt: null,
    reason: 'out-of-range',
    message: `Webex reported an implausible expiry date for the token (${exp}). Check this machine’s clock.`,
  };
}
