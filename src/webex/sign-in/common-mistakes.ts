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
  'Sign in, and copy the whole address of the page that you see afterwards. It starts with http://localhost:3000/auth/code#access_token=.';

/** Texts that people paste instead of the redirect URL, most specific first. */
const mistakes: readonly Mistake[] = [
  {
    matches: (text) => /\{sample_token\}|%7Bsample_token%7D/i.test(text),
    code: 'E_REDIRECT_SAMPLE',
    message: 'This is the example from the guide: it contains sample_token instead of a token.',
    help: copyAddress,
  },
  {
    matches: isPlaceholder,
    code: 'E_REDIRECT_SAMPLE',
    message: 'This is a placeholder from a guide, not a token.',
    help: copyAddress,
  },
  {
    matches: (text) => text.trim() === documentedState,
    code: 'E_REDIRECT_SAMPLE',
    message: 'This is the state parameter from the address in the guides, not a token.',
    help: copyAddress,
  },
  {
    matches: (text) => text.toLowerCase().includes(exampleOrganizationId) && !/access_token=/.test(text),
    code: 'E_REDIRECT_ORGANIZATION_ID',
    message: 'This contains the example organization ID from Cisco’s guide. It is not a token.',
    help: copyAddress,
  },
  {
    matches: looksLikeHtml,
    code: 'E_REDIRECT_HTML',
    message: 'This is the content of a web page (HTML), not its address.',
    help: copyAddress,
  },
  {
    matches: (text) => /\/oauth2\/v1\/authorize\b|\/doSSO\.jsp\b/i.test(text),
    code: 'E_REDIRECT_AUTHORIZE_URL',
    message: 'This is the address that starts the sign-in. It does not contain a token yet.',
    help: `Open it in a private window. ${copyAddress}`,
  },
  {
    matches: (text) => /^\s*https?:\/\/[^/?#]*\/(?:v1|identity)\/scim\b/i.test(text),
    code: 'E_REDIRECT_TENANT_URL',
    message: 'This is the tenant URL for provisioning, not the response to a sign-in.',
    help: copyAddress,
  },
  {
    matches: (text) =>
      /^\s*https?:\/\/[^/?#]*\b(?:microsoftonline|azure|microsoft)\.(?:com|us|cn)\b/i.test(text),
    code: 'E_REDIRECT_TENANT_URL',
    message: 'This is a Microsoft address, not the response to a Webex sign-in.',
    help: copyAddress,
  },
  {
    matches: (text) => /[?#&]code=/.test(text) || /^code=/.test(text),
    code: 'E_REDIRECT_CODE',
    message:
      'This contains an authorization code, not a token. The sign-in did not use the documented address.',
    help: 'Start the sign-in here, or use the documented address, which contains response_type=token.',
  },
  {
    matches: (text) => text.trim() === documentedClientId,
    code: 'E_REDIRECT_CLIENT_ID',
    message: 'This is the client ID in the sign-in address, not a token.',
    help: copyAddress,
  },
  {
    matches: (text) => isUuid(text.trim()),
    code: 'E_REDIRECT_ORGANIZATION_ID',
    message: 'This is an ID, such as an organization ID, not a token.',
    help: copyAddress,
  },
  {
    matches: (text) => /^\s*https?:\/\/[^?#]*\/auth\/code\/?[?#]?\s*$/i.test(text),
    code: 'E_REDIRECT_NO_FRAGMENT',
    message: 'The part of the address that contains the token, after the #, is missing.',
    help: 'Copy the whole address again: select everything in the address bar (Ctrl+L or ⌘L) first.',
  },
  {
    matches: (text) => /^[\s#?]*$/.test(text),
    code: 'E_REDIRECT_EMPTY',
    message: 'The text is empty.',
    help: copyAddress,
  },
];

/** Throws a specific `BrokerError` if the text is one of the things that people paste by mistake. */
export function rejectCommonMistakes(text: string): void {
  const mistake = mistakes.find(({ matches }) => matches(text));
  if (mistake !== undefined) throw new BrokerError(mistake.code, mistake.message, { help: mistake.help });
}

export function looksLikeHtml(text: string): boolean {
  return /^\s*<(?:!doctype|html|head|body|\?xml|!--)/i.test(text);
}
