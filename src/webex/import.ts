import { BrokerError } from '../errors.ts';
import { describeAccessToken } from './access-token.ts';
import { assertBearerSyntax } from './bearer-syntax.ts';
import { refuseMistakenInput } from './mistaken-input.ts';
import type { Redirect } from './redirect.ts';
import { readRedirect } from './redirect.ts';

/** What a person handed over by paste or standard input. */
export interface Imported {
  /** `url`: a whole address; `fragment`: the part of it from the token on; `token`: the token alone. */
  form: 'url' | 'fragment' | 'token';
  redirect: Redirect;
}

/**
 * Reads a redirect URL, its fragment, or a bare token, forgiving what copying does to them: white space,
 * quotes and brackets around, a `Bearer` in front, line breaks within. Throws `BrokerError` for anything else.
 */
export function parseImport(input: string): Imported {
  const text = tidy(input);
  const lines = text.split(/\s*[\r\n]+\s*/);
  const imported = readTidied(lines.join(''));
  // Joining lines is safe only where what comes out is known to be whole.
  if (lines.length > 1 && !isWhole(imported.redirect)) {
    throw new BrokerError(
      'E_REDIRECT_LINES',
      'This has more than one line, and the lines do not make one token.',
      {
        help: 'Give one address or one token only, on a single line.',
      },
    );
  }
  return imported;
}

function isWhole(redirect: Redirect): boolean {
  return redirect.kind === 'error' || describeAccessToken(redirect.accessToken).form !== 'unknown';
}

function tidy(input: string): string {
  const wrapping = /^[\s"'`“”‘’«»<>()]+(?!!?[a-z]+[\s>])|[\s"'`“”‘’«»<>()]+$/gu;
  // An HTML page keeps its bracket, by which it is recognized.
  const bare = /^\s*<[!?a-z]+[\s>]/i.test(input)
    ? input.trim()
    : input.replace(/\p{Cf}/gu, '').replace(wrapping, '');
  return bare.replace(/^authorization\s*:\s*/i, '').replace(/^bearer\s+/i, '');
}

function readTidied(text: string): Imported {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text))
    return { form: 'url', redirect: readRedirect(text, { partial: true }) };
  // A copy that starts right after "access_token=".
  if (/^[^=&#?]+&/.test(text)) {
    return { form: 'fragment', redirect: readRedirect(`access_token=${text}`, { partial: true }) };
  }
  if (/^[#?]|^[^#?]*[#?]|^[a-z_]+=./i.test(text)) {
    const form = /^[^#?=]+[#?]/.test(text) ? 'url' : 'fragment';
    return { form, redirect: readRedirect(text, { partial: true }) };
  }
  return { form: 'token', redirect: bareToken(text) };
}

function bareToken(text: string): Redirect {
  refuseMistakenInput(text);
  // A full stop or comma of the sentence that the token was copied from.
  const shorter = text.replace(/[.,;]+$/, '');
  const accessToken = describeAccessToken(shorter).form === 'usual' ? shorter : text;
  assertBearerSyntax(accessToken);
  if (accessToken.length < 8) {
    throw new BrokerError('E_TOKEN_SYNTAX', 'This is too short to be a token.', {
      help: 'Give the whole redirect URL, or the token from between access_token= and &token_type.',
    });
  }
  const { warnings } = describeAccessToken(accessToken);
  return { kind: 'token', accessToken, expiresIn: null, scope: null, state: null, issuer: null, warnings };
}
