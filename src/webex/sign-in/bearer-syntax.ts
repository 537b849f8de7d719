import { BrokerError } from '../../errors/broker-error.ts';

const maxLength = 16_384;

/**
 * Rejects anything that is not allowed after `Authorization: Bearer` (RFC 6750 §2.1, `b64token`), so that a token cannot
 * inject a header, a line or a shell command. Throws `E_TOKEN_SYNTAX`. The message never contains the token.
 */
export function assertBearerSyntax(token: string): void {
  if (token.length > maxLength) {
    throw new BrokerError(
      'E_TOKEN_SYNTAX',
      `The token is longer than ${maxLength} characters. No Webex token is that long.`,
      {
        help: 'Copy only the address from the address bar, or only the token between access_token= and &token_type.',
      },
    );
  }
  if (/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) return;
  throw new BrokerError('E_TOKEN_SYNTAX', `The token ${fault(token)}, so it is not a bearer token.`, {
    help: 'It was probably damaged when it was copied. Copy the whole address again, or sign in again.',
  });
}

function fault(token: string): string {
  if (token === '') return 'is empty';
  if (/\s/.test(token)) return 'contains a space or line break';
  if (/\p{Cc}/u.test(token)) return 'contains a control character';
  return 'contains a character that is not allowed in bearer tokens';
}
