import { createHash } from 'node:crypto';
import type { Settings } from '../../config/settings.ts';

type Place = Pick<Settings, 'home' | 'databaseUrl'>;

/** Identifies a store by its location. A copy in another location counts as a different store. */
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

/** The keychain entry with the last state seen. One per store, because an entry on Windows is limited to 2,560 bytes. */
export function seenStateEntry(place: Place): string {
  return `seen-${seenPlace(place)}`;
}

/** The keychain entry with the last data keys seen. */
export function seenKeysEntry(place: Place): string {
  return `seen-keys-${seenPlace(place)}`;
}
