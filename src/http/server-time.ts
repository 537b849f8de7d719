/** What the clock of a server says, by its `Date` header, in epoch milliseconds; null without a valid one. */
export function serverTime(headers: Headers): number | null {
  const time = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(time) ? null : time;
}
