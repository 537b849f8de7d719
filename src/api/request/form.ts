import type { IncomingMessage } from 'node:http';
import { BrokerError } from '../../errors/broker-error.ts';
import { decodeText } from '../../text/decode-text.ts';
import { OAuthError } from '../oauth-error.ts';

/** Larger than any assertion. Bytes. */
const maxLength = 32 * 1024;

/** The parameters of a request. Only `resource` may be repeated (RFC 8707). */
export interface Form {
  get(name: string): string | undefined;
  resources: string[];
}

/**
 * Reads an `application/x-www-form-urlencoded` body. Optimized for the usual case, a small body in one chunk, because a general
 * body parser takes longer than the rest of the request. Calls back with the form or an `OAuthError`.
 */
export function readForm(
  request: IncomingMessage,
  done: (error: OAuthError | null, form: Form | null) => void,
) {
  const { 'content-type': type = '', 'content-encoding': encoding = '' } = request.headers;
  // "identity" means none (RFC 9110 §8.4.1).
  if (!/^application\/x-www-form-urlencoded[ \t]*(?:;|$)/i.test(type) || !/^(?:identity)?$/i.test(encoding)) {
    request.resume();
    done(new OAuthError('invalid_request', 'The body must be application/x-www-form-urlencoded.'), null);
    return;
  }
  let body: Buffer | null = null;
  let ended = false;
  const end = (error: OAuthError | null, form: Form | null) => {
    if (ended) return;
    ended = true;
    done(error, form);
  };
  request.on('data', (chunk: Buffer) => {
    body = body === null ? chunk : Buffer.concat([body, chunk]);
    if (body.length <= maxLength) return;
    body = null;
    request.removeAllListeners('data').resume();
    end(new OAuthError('invalid_request', `The body is larger than ${maxLength} bytes.`, 413), null);
  });
  request.on('end', () => {
    if (ended) return;
    try {
      end(null, parseForm(body === null ? '' : decodeText(body, 'The body')));
    } catch (error) {
      if (error instanceof OAuthError) end(error, null);
      else if (error instanceof BrokerError) end(new OAuthError('invalid_request', error.message), null);
      else throw error;
    }
  });
}

/** RFC 6749 §3.2: a parameter without a value counts as absent, and a repeated one is an error. Throws `OAuthError`. */
export function parseForm(body: string): Form {
  const values = new Map<string, string>();
  const resources: string[] = [];
  for (const pair of body.split('&')) {
    const at = pair.indexOf('=');
    if (at === -1 || at === pair.length - 1) continue;
    const name = formDecode(pair.slice(0, at));
    const value = formDecode(pair.slice(at + 1));
    if (name === 'resource') resources.push(value);
    else if (values.has(name)) {
      throw new OAuthError('invalid_request', `The parameter ${name.slice(0, 40)} is repeated.`);
    } else values.set(name, value);
  }
  return { get: (name) => values.get(name), resources };
}

/** Throws `OAuthError` if the text is not form-encoded. */
export function formDecode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new OAuthError(
      'invalid_request',
      'The request is not form-encoded: it contains an invalid percent escape.',
    );
  }
}
