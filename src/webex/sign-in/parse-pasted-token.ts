import { BrokerError } from '../../errors/broker-error.ts';
import { trimDelimiters } from '../../text/sanitize.ts';
import { describeAccessToken } from './access-token.ts';
import { assertBearerSyntax } from './bearer-syntax.ts';
import { looksLikeHtml, rejectCommonMistakes } from './common-mistakes.ts';
import { linesOf, undoCopying } from './copied-text.ts';
import { isPlaceholder } from './placeholder.ts';
import type { Redirect } from './redirect.ts';
import { assertRedirectLength, readRedirect } from './redirect.ts';

/** A token from the clipboard or standard input. */
export interface ParsedToken {
  /** `url`: a whole address; `fragment`: the part of it from the token on; `token`: the token alone. */
  form: 'url' | 'fragment' | 'token';
  redirect: Redirect;
}

/**
 * Parses a redirect URL, its fragment, or a bare token. Tolerates additions by copying: surrounding white space, quotes and
 * brackets, the word `Bearer`, line breaks, HTML entities and percent encoding. Throws `BrokerError` for anything else.
 */
export function parsePastedToken(input: string): ParsedToken {
  assertRedirectLength(input);
  if (looksLikeHtml(input) || isPlaceholder(input)) rejectCommonMistakes(input);
  const bare = trimDelimiters(undoCopying(input)).replace(/^authorization\s*:\s*/i, '');
  const text = trimDelimiters(bare.replace(/^bearer\s/i, ''));
  const lines = linesOf(text);
  const imported = readOneLine(lines.join(''));
  // Joining lines is safe only if the result is known to be complete.
  if (lines.length > 1 && !isWhole(imported.redirect)) {
    throw new BrokerError('E_REDIRECT_LINES', 'This text has several lines that do not form one token.', {
      help: 'Paste only one address or one token, on a single line.',
    });
  }
  return imported;
}

function isWhole(redirect: Redirect): boolean {
  return redirect.kind === 'error' || describeAccessToken(redirect.accessToken).form !== 'unknown';
}

function readOneLine(text: string): ParsedToken {
  // The copied text starts right after "access_token=".
  if (/^[^=&#?]+&(?:token_|expires_|state=|scope=|$)/.test(text))
    return readPart('fragment', `access_token=${text}`);
  // The second pattern is an address without http://, as browsers show it.
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^[^#?=]+[#?]/.test(text)) return readPart('url', text);
  if (/^[#?]/.test(text) || /^[a-z_]+=[^=]/i.test(text)) return readPart('fragment', text);
  return { form: 'token', redirect: readBareToken(text) };
}

function readPart(form: 'url' | 'fragment', text: string): ParsedToken {
  return { form, redirect: readRedirect(text, { partial: true }) };
}

function readBareToken(text: string): Redirect {
  rejectCommonMistakes(text);
  // Punctuation of the sentence that the token was copied from.
  const withoutStop = text.replace(/[.,;]$/, '');
  const accessToken = describeAccessToken(withoutStop).form === 'usual' ? withoutStop : text;
  assertBearerSyntax(accessToken);
  if (accessToken.length < 8) {
    throw new BrokerError('E_TOKEN_SYNTAX', 'The text is too short to be a token.', {
      help: 'Paste the whole redirect URL, or the token between access_token= and &token_type.',
    });
  }
  const { warnings } = describeAccessToken(accessToken);
  return { kind: 'token', accessToken, expiresIn: null, scope: null, state: null, issuer: null, warnings };
}
