/** An instant as text, in the local time zone and in UTC. */
export interface DateText {
  /** `14 March`. */
  short: string;
  /** `Sunday 14 March 2027`. */
  day: string;
  /** `Sunday 14 March 2027 at 09:30 GMT-4 (13:30 UTC)`. */
  full: string;
  /** RFC 3339 in UTC. */
  iso: string;
}

/** `timeZone` is an IANA name; the time zone of this machine if absent. */
export function formatInstant(epochMs: number, timeZone?: string): DateText {
  const date = new Date(epochMs);
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = formatDay(date, zone);
  const local = formatTime(date, { ...zone, timeZoneName: 'short' });
  const utc = formatTime(date, { timeZone: 'UTC' });
  const utcDay = formatDay(date, { timeZone: 'UTC' });
  const isUtc = / UTC$/.test(local);
  const inUtc = isUtc ? '' : ` (${utc} UTC${utcDay === day ? '' : `, ${utcDay}`})`;
  return {
    short: new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', ...zone }).format(date),
    day,
    full: `${day} at ${local}${inUtc}`,
    iso: date.toISOString(),
  };
}

function formatDay(date: Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', ...options }).format(date).replace(',', '');
}

function formatTime(date: Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...options,
  }).format(date);
}
