import { formatInstants } from '../../text/instant.ts';

/*
 * Formats times for people, in the time zone of this machine. JSON output uses RFC 3339 in UTC instead.
 */

/* Intl is not used because its first call takes longer than most commands. */
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** For a sentence: `28 Nov 2027`. */
export function dateInSentence(instant: number | string): string {
  const date = new Date(instant);
  return `${date.getDate()} ${months[date.getMonth()]} ${date.getFullYear()}`;
}

/** For a sentence, to the minute: `28 Nov 2027, 10:48`. */
export function timeInSentence(instant: number | string): string {
  return `${dateInSentence(instant)}, ${timeOfDay(new Date(instant)).slice(0, 5)}`;
}

/** A message whose instants are in UTC, for a person. */
export function withLocalTimes(message: string): string {
  return formatInstants(message, timeInSentence);
}

/** For a table: `2027-11-28`. */
export function dateInTable(instant: number | string): string {
  const date = new Date(instant);
  return [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-');
}

/** For a table, to the minute: `2027-11-28 10:48`. */
export function minuteInTable(instant: number | string): string {
  return secondInTable(instant).slice(0, -3);
}

/** For a table, to the second: `2027-11-28 10:48:24`. */
export function secondInTable(instant: number | string): string {
  return `${dateInTable(instant)} ${timeOfDay(new Date(instant))}`;
}

function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
