import { z } from 'zod';
import { explainFailure } from '../../http/explain-failure.ts';
import type { FailureReason } from '../../http/json-client.ts';
import type { WebexConnection } from './get-json.ts';
import { getJson } from './get-json.ts';

export type ExpiryAnswer =
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
 * When Webex itself says that the token ends: `GET /authorizations/tokenExpiry`. It may want a scope that the
 * documented client lacks, so a null is ordinary and says nothing against the token.
 */
export async function tokenExpiry(connection: WebexConnection, token: string): Promise<ExpiryAnswer> {
  const answer = await getJson(connection, token, `${connection.api}/authorizations/tokenExpiry`, answered);
  if (!answer.ok) {
    const { message } = explainFailure(answer.failure, 'Webex');
    return { expiresAt: null, reason: answer.failure.reason, message };
  }
  const { exp } = answer.value;
  const now = connection.now();
  // An accepted token has not ended, so one that "ended" long ago, or ends in ten years, is a misunderstanding.
  if (Number.isSafeInteger(exp) && exp > now - day && exp < now + tenYears) return { expiresAt: exp };
  return {
    expiresAt: null,
    reason: 'out-of-range',
    message: `Webex’s date for the token’s end (${exp}) is out of all reason. If it should be right, check this machine’s clock.`,
  };
}
