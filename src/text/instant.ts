/** An instant as RFC 3339 text in UTC; null if there is none. `epochMs`: epoch milliseconds. */
export function instant(epochMs: number): string;
export function instant(epochMs: number | null): string | null;
export function instant(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}
