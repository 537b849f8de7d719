import { BrokerError } from '../errors/broker-error.ts';

/*
 * Quotes any value for each language. None of them, and no environment variable, can contain a NUL character, so it is
 * rejected with `E_QUOTING`.
 */

/** POSIX shell: within single quotes, only the single quote is special. */
export function shellString(value: string): string {
  refuseNul(value);
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * PowerShell: within single quotes, only the single quote is special and is doubled. PowerShell treats the four typographic
 * single quotes like the plain one (about_Quoting_Rules), so they are doubled too.
 */
export function powershellString(value: string): string {
  refuseNul(value);
  return `'${value.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;
}

/** curl's config file (`man curl`, --config): double quotes, with backslash escapes. */
export function curlString(value: string): string {
  refuseNul(value);
  const escapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v' };
  return `"${value.replace(/["\\]/g, '\\$&').replace(/[\n\r\t\v]/g, (each) => escapes[each] ?? each)}"`;
}

/**
 * A value in a `.env` file, without quotes if possible, because Docker and systemd treat quotes as part of the value. `.env`
 * files have no escape for a quote, so the value is put in quotes that it does not contain. Throws `E_QUOTING` if it contains
 * all of them.
 */
export function dotEnvValue(name: string, value: string): string {
  refuseNul(value);
  if (/^[\w./:@%+,=~-]*$/.test(value)) return value;
  // Within double quotes, some programs replace \n by a line break and $NAME by a variable.
  const quote = ["'", '"', '`'].find(
    (each) => !value.includes(each) && (each !== '"' || !/[\\$]/.test(value)),
  );
  if (quote !== undefined && !value.includes('\r')) return quote + value + quote;
  throw new BrokerError('E_QUOTING', `${name} has characters in it that no .env file can hold.`, {
    help: 'Use the format "shell" or "json" instead.',
  });
}

function refuseNul(value: string): void {
  if (value.includes('\0')) throw new BrokerError('E_QUOTING', 'A value has a NUL character in it.');
}
