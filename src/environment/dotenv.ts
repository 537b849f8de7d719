import { parseEnv } from 'node:util';
import { BrokerError } from '../errors/broker-error.ts';

/** The names of variables whose values are secrets, including those of the database. */
const secretName = /(PASSPHRASE|PASSWORD|SECRET|PRIVATEKEY|CLIENT_TOKEN|(DATABASE|SMTP|WEBHOOK)_URL)$/;

/** Whether a variable's value is a secret. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** One `NAME=value`: the name, then the quoted value and the rest of the line, or the unquoted value. */
const assignment =
  /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=(?:[ \t]*("[^"]*"|'[^']*'|`[^`]*`)([^\n]*)|([^\n]*))/gm;

/**
 * Parses a `.env` file. Node silently cuts an unquoted value at a `#`. Throws `E_SETTING` if that would happen to a secret
 * or within a word, or if a quote is missing.
 */
export function parseDotEnv(text: string, file: string): NodeJS.Dict<string> {
  for (const [, name = '', quoted, behind = '', bare = ''] of text.matchAll(assignment)) {
    const fault = quoted === undefined ? faultOf(name, bare) : faultBehind(behind);
    if (fault === null) continue;
    throw new BrokerError(
      'E_SETTING',
      `${name} in ${file}: ${fault}. Put the whole value in quotes, for example ${name}='…', or "…" if it contains a '`,
    );
  }
  return parseEnv(text);
}

function faultOf(name: string, bare: string): string | null {
  const value = bare.trim();
  if (/^["'`]/.test(value)) return 'the value starts with a quote that is not closed';
  const at = bare.indexOf('#');
  if (at === -1) return null;
  // A comment after an empty value, or after a value that is not a secret.
  const isComment = at > 0 && /\s/.test(bare.charAt(at - 1));
  if (isComment && (!isSecretName(name) || bare.slice(0, at).trim() === '')) return null;
  return 'the value contains a #, and without quotes it would be cut off there';
}

function faultBehind(behind: string): string | null {
  return /^\s*(#|$)/.test(behind) ? null : 'there is text after the closing quote';
}
