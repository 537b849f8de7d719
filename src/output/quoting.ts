import { BrokerError } from '../errors/broker-error.ts';

/*
 * One value as each of the languages writes it, whatever the value contains. A NUL is in none of them, and in no
 * environment: it is refused.
 */

/** POSIX shell: between single quotes nothing is special but the single quote itself. */
export function shellString(value: string): string {
  refuseNul(value);
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * PowerShell: between single quotes nothing is special but the single quote, which is doubled. It takes the four
 * typographic single quotes for the plain one (about_Quoting_Rules), so they are doubled too.
 */
export function powershellString(value: string): string {
  refuseNul(value);
  return `'${value.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;
}

/** curl's config file (`man curl`, --config): double quotes, with a backslash before what is special between them. */
export function curlString(value: string): string {
  refuseNul(value);
  const escapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v' };
  return `"${value.replace(/["\\]/g, '\\$&').replace(/[\n\r\t\v]/g, (each) => escapes[each] ?? each)}"`;
}

/**
 * A `.env` file's value. Bare wherever it can be: Docker and systemd would take quotes for a part of it. The readers
 * know no escape for a quote, so it is put between quotes that are not in it. Throws `E_QUOTING` if all are.
 */
export function dotEnvValue(name: string, value: string): string {
  refuseNul(value);
  if (/^[\w./:@%+,=~-]*$/.test(value)) return value;
  // Between double quotes, some readers take \n for a line break and $NAME for a variable.
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
