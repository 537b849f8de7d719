/** An instant as RFC 3339 text in UTC; null if there is none. `epochMs`: epoch milliseconds. */
export function instant(epochMs: number): string;
export function instant(epochMs: number | null): string | null;
export function instant(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}

const written = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

/**
 * A text with every instant that `instant` wrote into it in another format. Messages have them in UTC, for programs; people
 * read them in their own time zone.
 */
export function formatInstants(text: string, format: (instant: string) => string): string {
  return text.replace(written, format);
}
