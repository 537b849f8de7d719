/** An instant as a person reads it, in their time zone and in UTC. */
export interface DateText {
  /** `Sunday 14 March 2027`. */
  day: string;
  /** `Sunday 14 March 2027 at 09:30 GMT-4 (13:30 UTC)`. */
  full: string;
  /** RFC 3339 in UTC. */
  iso: string;
}

/** `timeZone` is an IANA name; this machine's own where absent. */
export function formatInstant(epochMs: number, timeZone?: string): DateText {
  const date = new Date(epochMs);
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = dayOf(date, zone);
  const local = time(date, { ...zone, timeZoneName: 'short' });
  const utc = time(date, { timeZone: 'UTC' });
  const utcDay = dayOf(date, { timeZone: 'UTC' });
  const isUtc = / UTC$/.test(local);
  const inUtc = isUtc ? '' : ` (${utc} UTC${utcDay === day ? '' : `, ${utcDay}`})`;
  return { day, full: `${day} at ${local}${inUtc}`, iso: date.toISOString() };
}

function dayOf(date: Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', ...options }).format(date).replace(',', '');
}

function time(date: Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...options,
  }).format(date);
}
