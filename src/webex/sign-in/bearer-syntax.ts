import { BrokerError } from '../../errors/broker-error.ts';

const maxLength = 16_384;

/**
 * Refuses what can't stand after `Authorization: Bearer` (RFC 6750 §2.1, `b64token`), so that no token can
 * smuggle in a header, a line or a shell command. Throws `E_TOKEN_SYNTAX`; the message never holds the token.
 */
export function assertBearerSyntax(token: string): void {
  if (token.length > maxLength) {
    throw new BrokerError(
      'E_TOKEN_SYNTAX',
      `The token is longer than ${maxLength} characters, which no Webex token is.`,
      {
        help: 'Copy only the address from the address bar, or only the token from between access_token= and &token_type.',
      },
    );
  }
  if (/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) return;
  throw new BrokerError('E_TOKEN_SYNTAX', `The token ${fault(token)}, so it can’t be a bearer token.`, {
    help: 'Most likely something was added or changed while copying. Copy the whole address again, or sign in again.',
  });
}

function fault(token: string): string {
  if (token === '') return 'is empty';
  if (/\s/.test(token)) return 'has a space or line break in it';
  if (/\p{Cc}/u.test(token)) return 'has a control character in it';
  return 'has a character in it that bearer tokens never have';
}
