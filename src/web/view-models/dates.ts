import { plural } from '../../text/count.ts';
import { formatInstants } from '../../text/instant.ts';

const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long' });
const minute = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
});

/** An RFC 3339 timestamp as a date in the local time zone: `5 January 2027`. */
export function dateText(instant: string): string {
  return date.format(new Date(instant));
}

/** The same to the minute, with the zone: `5 January 2027 at 14:05 CET`. */
export function minuteText(instant: string): string {
  return minute.format(new Date(instant));
}

/** A message whose instants are in UTC, for a person. */
export function withLocalTimes(message: string): string {
  return formatInstants(message, minuteText);
}

/** The time until a token expires. `days` is rounded down, and negative after expiry. */
export function timeLeftText(days: number): string {
  if (days > 0) return `${plural(days, 'day')} left`;
  if (days === 0) return 'less than a day left';
  return days === -1 ? 'expired less than a day ago' : `expired ${plural(-days - 1, 'day')} ago`;
}
