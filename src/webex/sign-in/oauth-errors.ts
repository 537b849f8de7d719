import type { Explanation } from '../../http/explanation.ts';
import { sanitizeForDisplay } from '../../text/sanitize.ts';

const signInAgain = 'Start the sign-in again, in a private window.';

/** RFC 6749 §4.2.2.1 and §5.2, OpenID Connect's `login_required`, and `tokenlimit_reached` of Webex. */
const explanations: Record<string, Explanation> = {
  access_denied: {
    message: 'The sign-in was declined, or the account is not allowed to grant this access.',
    help: `${signInAgain} Sign in as a full administrator, and accept Webex’s request.`,
  },
  login_required: {
    message: 'Webex requires a sign-in, but no one signed in.',
    help: `${signInAgain} If this happens again, select “Always ask me to sign in”.`,
  },
  tokenlimit_reached: {
    message: 'The account already has the maximum number of tokens that Webex allows.',
    help: 'Sign in with that account at https://idbroker.webex.com/idb/profile#/tokens and remove some of them, then sign in here again.',
  },
  invalid_scope: {
    message: 'Webex does not grant the requested scopes to this account or client.',
    help: 'Sign in as a full administrator. If WEBEX_TOKEN_SCOPES is set, compare it with the documented scopes.',
  },
  unauthorized_client: {
    message: 'Webex does not allow this client to request a token in this way.',
    help: 'If WEBEX_TOKEN_CLIENT_ID is set, remove it to use the documented client. Otherwise check whether Cisco’s guide has a new sign-in address.',
  },
  invalid_client: {
    message: 'Webex does not know the client ID.',
    help: 'If WEBEX_TOKEN_CLIENT_ID is set, remove it to use the documented client. Also check the profile’s deployment (Webex or Webex for Government).',
  },
  invalid_grant: {
    message: 'Webex no longer accepts this sign-in.',
    help: signInAgain,
  },
  invalid_request: {
    message: 'Webex reported an error in the sign-in address.',
    help: 'Start the sign-in here instead of from a copied address. The redirect URI registered at Webex is http://localhost:3000/auth/code, so another port does not work.',
  },
  unsupported_response_type: {
    message: 'Webex no longer issues tokens in this way.',
    help: 'Check whether Cisco’s guide has a new sign-in address.',
  },
  server_error: {
    message: 'Webex reports a server error.',
    help: 'Wait a few minutes, then start the sign-in again. See https://status.webex.com if it repeats.',
  },
  temporarily_unavailable: {
    message: 'Webex is overloaded or under maintenance.',
    help: 'Wait a few minutes, then start the sign-in again. See https://status.webex.com if it repeats.',
  },
};

/** Explains an error response of the ID broker. Both arguments are untrusted. */
export function explainError(code: string, description: string | null = null): Explanation {
  const known = Object.hasOwn(explanations, code) ? explanations[code] : undefined;
  const said = description === null ? '' : sanitizeForDisplay(description, 300);
  const quoted = said === '' ? '' : ` Webex says: “${said}”`;
  if (known !== undefined) return { message: `${known.message}${quoted}`, help: known.help };
  const shown = sanitizeForDisplay(code, 60);
  return {
    message: `Webex responded with an unknown error${shown === '' ? '' : ` (${shown})`}.${quoted}`,
    help: `${signInAgain} If this happens again, report this error to Webex support.`,
  };
}
