import { BrokerError } from '../../errors/broker-error.ts';

/**
 * Parses `application/x-www-form-urlencoded` parameters and keeps only the `known` names (RFC 6749 §4.2.2: others are
 * ignored). A known parameter that is repeated or cannot be decoded is rejected. One without a value counts as absent
 * (§3.1). Messages name the parameter, never its value.
 */
export function readParameters<Name extends string>(
  text: string,
  known: readonly Name[],
): Partial<Record<Name, string>> {
  const values: Partial<Record<Name, string>> = {};
  const seen = new Set<string>();
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=');
    const rawName = equals < 0 ? pair : pair.slice(0, equals);
    const decodedName = decode(rawName);
    const name = known.find((candidate) => candidate === decodedName);
    if (name === undefined) continue;
    if (seen.has(name)) {
      throw new BrokerError(
        'E_REDIRECT_DUPLICATE',
        `The response has “${name}” twice, so it cannot be trusted.`,
        {
          help: 'Sign in again, and do not change the address before it is captured or copied.',
        },
      );
    }
    seen.add(name);
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1));
    if (value === null) {
      throw new BrokerError(
        'E_REDIRECT_ENCODING',
        `The value of “${name}” is damaged: it contains an invalid percent escape.`,
        { help: 'The address was probably cut or changed when it was copied. Copy the whole address again.' },
      );
    }
    if (value !== '') values[name] = value;
  }
  return values;
}

/** Null if a `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
