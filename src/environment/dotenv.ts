import { parseEnv } from 'node:util';
import { BrokerError } from '../errors/broker-error.ts';

/** Variables whose values are secrets, ours and the database's, by their names. */
const secretName = /(PASSPHRASE|PASSWORD|SECRET|PRIVATEKEY|CLIENT_TOKEN|(DATABASE|SMTP|WEBHOOK)_URL)$/;

/** Whether a variable's value is a secret. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** One `NAME=value`: its name, then what is between quotes and what follows those, or all of an unquoted value. */
const assignment =
  /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=(?:[ \t]*("[^"]*"|'[^']*'|`[^`]*`)([^\n]*)|([^\n]*))/gm;

/**
 * The variables of a `.env` file. Node reads it, and cuts a value without quotes at a `#`, without a word. Throws
 * `E_SETTING` where that would happen to a secret, or where a `#` stands within a word, or a quote is missing.
 */
export function parseDotEnv(text: string, file: string): NodeJS.Dict<string> {
  for (const [, name = '', quoted, behind = '', bare = ''] of text.matchAll(assignment)) {
    const fault = quoted === undefined ? faultOf(name, bare) : faultBehind(behind);
    if (fault === null) continue;
    throw new BrokerError(
      'E_SETTING',
      `${name} in ${file}: ${fault}. Put quotes around the whole value, for example ${name}='…', or "…" where it has a ' in it`,
    );
  }
  return parseEnv(text);
}

function faultOf(name: string, bare: string): string | null {
  const value = bare.trim();
  if (/^["'`]/.test(value)) return 'the value begins with a quote that is not closed';
  const at = bare.indexOf('#');
  if (at === -1) return null;
  // A comment behind nothing, or behind something that is no secret.
  const isComment = at > 0 && /\s/.test(bare.charAt(at - 1));
  if (isComment && (!isSecretName(name) || bare.slice(0, at).trim() === '')) return null;
  return 'the value has a # in it, and without quotes it would be cut off there';
}

function faultBehind(behind: string): string | null {
  return /^\s*(#|$)/.test(behind) ? null : 'something stands behind the closing quote';
}
