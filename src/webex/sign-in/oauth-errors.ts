import type { Explanation } from '../../http/explanation.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';

const signInAgain = 'Start the sign-in again, in a private window.';

/** RFC 6749 §4.2.2.1 and §5.2, OpenID Connect's `login_required`, and Webex's own `tokenlimit_reached`. */
const explanations: Record<string, Explanation> = {
  access_denied: {
    message: 'The sign-in was declined, or the account is not allowed to give this access.',
    help: `${signInAgain} Use a full administrator’s account, and accept where Webex asks.`,
  },
  login_required: {
    message: 'Webex wanted a sign-in, and there was none.',
    help: `${signInAgain} If it repeats, choose the fresh sign-in.`,
  },
  tokenlimit_reached: {
    message: 'The account already has as many live tokens as Webex allows.',
    help: 'Remove some at https://idbroker.webex.com/idb/profile#/tokens, signed in as that account, then sign in here again.',
  },
  invalid_scope: {
    message: 'Webex does not give this account, or this client, the scopes that were asked for.',
    help: 'Sign in with a full administrator’s account. If WEBEX_TOKEN_SCOPES is set, compare it with the documented scopes.',
  },
  unauthorized_client: {
    message: 'Webex does not let this client ask for a token in this way.',
    help: 'If WEBEX_TOKEN_CLIENT_ID is set, remove it to use the documented client. Otherwise see whether Cisco’s guide now has another sign-in address.',
  },
  invalid_client: {
    message: 'Webex does not know the client ID.',
    help: 'If WEBEX_TOKEN_CLIENT_ID is set, remove it to use the documented client. Check too that the profile’s deployment (Webex or Webex for Government) is right.',
  },
  invalid_grant: {
    message: 'Webex no longer accepts the sign-in that this answer belongs to.',
    help: signInAgain,
  },
  invalid_request: {
    message: 'Webex found a mistake in the sign-in address.',
    help: 'Start the sign-in here rather than from a copied address. The redirect URI registered at Webex is http://localhost:3000/auth/code: another port does not work there.',
  },
  unsupported_response_type: {
    message: 'Webex no longer hands out a token in this way.',
    help: 'See whether Cisco’s guide now has another sign-in address.',
  },
  server_error: {
    message: 'Something went wrong at Webex.',
    help: 'Wait a few minutes, then start the sign-in again. See https://status.webex.com if it repeats.',
  },
  temporarily_unavailable: {
    message: 'Webex is overloaded or under maintenance.',
    help: 'Wait a few minutes, then start the sign-in again. See https://status.webex.com if it repeats.',
  },
};

/** Plain words for an error that the ID broker answered with. Both arguments may come straight from outside. */
export function explainError(code: string, description: string | null = null): Explanation {
  const known = Object.hasOwn(explanations, code) ? explanations[code] : undefined;
  const said = description === null ? '' : sanitizeForDisplay(description, 300);
  const quoted = said === '' ? '' : ` Webex says: “${said}”`;
  if (known !== undefined) return { message: `${known.message}${quoted}`, help: known.help };
  const shown = sanitizeForDisplay(code, 60);
  return {
    message: `Webex answered with an error that this program does not know${shown === '' ? '' : ` (${shown})`}.${quoted}`,
    help: `${signInAgain} If it repeats, give Webex support the error as it stands here.`,
  };
}
