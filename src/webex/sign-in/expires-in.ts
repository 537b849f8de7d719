import { sanitizeForDisplay } from '../../text/sanitize.ts';

/** Ten years of 365 days, in seconds: longer than any token is valid. */
const longest = 10 * 365 * 86_400;

/**
 * Parses `expires_in` (RFC 6749 §4.2.2), in seconds. If it is absent, not a positive whole number, or above ten years, the
 * result is null with a warning that names the value.
 */
export function readExpiresIn(
  value: string | undefined,
  accessToken = '',
): { seconds: number | null; warning: string | null } {
  if (value === undefined)
    return { seconds: null, warning: 'Webex did not report when the token expires (no expires_in).' };
  const seconds = /^\d{1,15}$/.test(value) ? Number(value) : 0;
  if (seconds > 0 && seconds <= longest) return { seconds, warning: null };
  return {
    seconds: null,
    warning: `The reported lifetime is invalid and is ignored: expires_in is “${sanitizeForDisplay(value, 40, [accessToken])}”, ${fault(value)}.`,
  };
}

function fault(value: string): string {
  if (/^-\d+(\.\d+)?$/.test(value)) return 'a negative number';
  if (/^0+(\.0+)?$/.test(value)) return 'zero seconds';
  if (/^\d+$/.test(value)) return 'more than ten years';
  if (/^\d*\.\d+$/.test(value)) return 'not a whole number of seconds';
  return 'not a number of seconds';
}
