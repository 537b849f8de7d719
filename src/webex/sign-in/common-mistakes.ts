import { BrokerError } from '../../errors/broker-error.ts';
import type { ErrorCode } from '../../errors/error-codes.ts';
import { documentedClientId, documentedState } from '../documented-values.ts';
import { exampleOrganizationId, isUuid } from '../organization-id.ts';
import { isPlaceholder } from './placeholder.ts';

interface Mistake {
  matches: (text: string) => boolean;
  code: ErrorCode;
  message: string;
  help: string;
}

const copyAddress =
  'Sign in, and copy the whole address of the page you then land on. It starts with http://localhost:3000/auth/code#access_token=.';

/** What people paste in place of the redirect URL, most telling first. */
const mistakes: readonly Mistake[] = [
  {
    matches: (text) => /\{sample_token\}|%7Bsample_token%7D/i.test(text),
    code: 'E_REDIRECT_SAMPLE',
    message:
      'This is the example from the guide, not your own answer: it says sample_token where the token belongs.',
    help: copyAddress,
  },
  {
    matches: isPlaceholder,
    code: 'E_REDIRECT_SAMPLE',
    message: 'This is a placeholder from a guide: it says where the token belongs, and is none.',
    help: copyAddress,
  },
  {
    matches: (text) => text.trim() === documentedState,
    code: 'E_REDIRECT_SAMPLE',
    message: 'This is the state from the address in the guides, not a token.',
    help: copyAddress,
  },
  {
    matches: (text) => text.toLowerCase().includes(exampleOrganizationId) && !/access_token=/.test(text),
    code: 'E_REDIRECT_ORGANIZATION_ID',
    message: 'This has the example organization ID from Cisco’s guide in it, and is no token.',
    help: copyAddress,
  },
  {
    matches: looksLikeHtml,
    code: 'E_REDIRECT_HTML',
    message: 'This is the text of a web page (HTML), not its address.',
    help: copyAddress,
  },
  {
    matches: (text) => /\/oauth2\/v1\/authorize\b|\/doSSO\.jsp\b/i.test(text),
    code: 'E_REDIRECT_AUTHORIZE_URL',
    message:
      'This is the address that starts the sign-in, not the one it ends at, so there is no token in it yet.',
    help: `Open it in a private window. ${copyAddress}`,
  },
  {
    matches: (text) => /^\s*https?:\/\/[^/?#]*\/(?:v1|identity)\/scim\b/i.test(text),
    code: 'E_REDIRECT_TENANT_URL',
    message:
      'This is the tenant URL of the provisioning set-up (the organization’s address at Webex), not the answer to a sign-in.',
    help: copyAddress,
  },
  {
    matches: (text) =>
      /^\s*https?:\/\/[^/?#]*\b(?:microsoftonline|azure|microsoft)\.(?:com|us|cn)\b/i.test(text),
    code: 'E_REDIRECT_TENANT_URL',
    message: 'This is an address at Microsoft, not the answer to a Webex sign-in.',
    help: copyAddress,
  },
  {
    matches: (text) => /[?#&]code=/.test(text) || /^code=/.test(text),
    code: 'E_REDIRECT_CODE',
    message:
      'This contains an authorization code, not a token: it comes from a sign-in address other than the documented one.',
    help: 'Start the sign-in here, or use the documented address, which has response_type=token in it.',
  },
  {
    matches: (text) => text.trim() === documentedClientId,
    code: 'E_REDIRECT_CLIENT_ID',
    message: 'This is the client ID of the sign-in address, not a token.',
    help: copyAddress,
  },
  {
    matches: (text) => isUuid(text.trim()),
    code: 'E_REDIRECT_ORGANIZATION_ID',
    message: 'This is an ID, such as an organization’s, not a token.',
    help: copyAddress,
  },
  {
    matches: (text) => /^\s*https?:\/\/[^?#]*\/auth\/code\/?[?#]?\s*$/i.test(text),
    code: 'E_REDIRECT_NO_FRAGMENT',
    message: 'This is the right address, but the part with the token, from # on, is missing.',
    help: 'Copy the whole address again: choose everything in the address bar (Ctrl+L or ⌘L) before you copy.',
  },
  {
    matches: (text) => /^[\s#?]*$/.test(text),
    code: 'E_REDIRECT_EMPTY',
    message: 'There is nothing in this.',
    help: copyAddress,
  },
];

/** Throws the fitting `BrokerError` where the text is one of the things that people paste by mistake. */
export function rejectCommonMistakes(text: string): void {
  const mistake = mistakes.find(({ matches }) => matches(text));
  if (mistake !== undefined) throw new BrokerError(mistake.code, mistake.message, { help: mistake.help });
}

export function looksLikeHtml(text: string): boolean {
  return /^\s*<(?:!doctype|html|head|body|\?xml|!--)/i.test(text);
}
