import { type Format, formats, formatToken } from '../../output/formats.ts';
import { writeResult } from '../terminal/output.ts';
import { type Handled, readTokenFast } from './read-token.ts';

/** A fast path for `get PROFILE`, in any format except `terraform`. */
export function fastGet(args: string[]): Handled {
  const [profile, ...options] = args;
  const format = formatOf(options);
  if (profile === undefined || profile.startsWith('-') || format === undefined) return false;
  const needsTenantUrl = !['raw', 'header', 'curl'].includes(format);
  return readTokenFast(profile, needsTenantUrl, (token) => writeResult(`${formatToken(format, token)}\n`));
}

/** Undefined if the full program has to parse the options, as for `terraform`, which also reads a query. */
function formatOf(options: string[]): Format | undefined {
  const [flag, value, ...more] = options.flatMap((option) => option.split('=', 2));
  if (flag === undefined) return 'raw';
  if (flag !== '--format' || more.length > 0) return undefined;
  return formats.find((format) => format === value && format !== 'terraform');
}
