/** A point in time as text, in the local time zone and in UTC. */
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

/** `timeZone` is an IANA name. Default: the time zone of this machine. */
export function formatInstant(epochMs: number, timeZone?: string): DateText {
  const date = new Date(epochMs);
  const inZone = formatters(timeZone);
  const inUtcZone = formatters('UTC');
  const day = formatDay(date, inZone);
  const local = inZone.time.format(date);
  const utc = inUtcZone.timeOnly.format(date);
  const utcDay = formatDay(date, inUtcZone);
  const isUtc = / UTC$/.test(local);
  const inUtc = isUtc ? '' : ` (${utc} UTC${utcDay === day ? '' : `, ${utcDay}`})`;
  return {
    short: inZone.short.format(date),
    day,
    full: `${day} at ${local}${inUtc}`,
    iso: date.toISOString(),
  };
}

interface Formatters {
  short: Intl.DateTimeFormat;
  day: Intl.DateTimeFormat;
  /** `09:30 GMT-4`. */
  time: Intl.DateTimeFormat;
  /** `09:30`. */
  timeOnly: Intl.DateTimeFormat;
}

/** Cached by time zone, because creating a formatter takes hundreds of times longer than using it. */
const known = new Map<string, Formatters>();

function formatters(timeZone: string | undefined): Formatters {
  // Node applies changes of TZ while it runs.
  const name = timeZone ?? `local ${process.env.TZ}`;
  const found = known.get(name);
  if (found !== undefined) return found;
  const zone = timeZone === undefined ? {} : { timeZone };
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', { ...zone, ...options });
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const created = {
    short: format({ day: 'numeric', month: 'long' }),
    day: format({ dateStyle: 'full' }),
    time: format({ ...clock, timeZoneName: 'short' }),
    timeOnly: format(clock),
  };
  known.set(name, created);
  return created;
}

function formatDay(date: Date, { day }: Formatters): string {
  return day.format(date).replace(',', '');
}
