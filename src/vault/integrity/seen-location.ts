import { createHash } from 'node:crypto';
import type { Settings } from '../../config/settings.ts';

type Place = Pick<Settings, 'home' | 'databaseUrl'>;

/** Identifies the location of a database in the stored states. A copy in another location is another store. */
export function seenPlace({ databaseUrl, home }: Place): string {
  const place = databaseUrl ? withoutPassword(databaseUrl) : home;
  return createHash('sha256').update(place).digest('base64url').slice(0, 22);
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  parsed.password = '';
  return parsed.href;
}

/** The keychain entry of the state last seen. One entry for each store, because an entry on Windows holds 2,560 bytes. */
export function seenStateEntry(place: Place): string {
  return `seen-${seenPlace(place)}`;
}

/** The keychain entry of the data keys last seen. */
export function seenKeysEntry(place: Place): string {
  return `seen-keys-${seenPlace(place)}`;
}
