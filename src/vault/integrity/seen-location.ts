import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import type { Settings } from '../../config/settings.ts';

/**
 * Identifies a store by its location. A copy in another location counts as a different store. If the path of the data folder
 * contains a symbolic link, the store has two locations: the path as configured and the folder itself. The state seen through
 * one path then protects the other, and a link that someone points to an older copy is still found.
 */
export function seenPlaces({ databaseUrl, home }: Pick<Settings, 'home' | 'databaseUrl'>): string[] {
  const locations = databaseUrl ? [withoutPassword(databaseUrl)] : [home, withoutLinks(home)];
  return [...new Set(locations)].map((location) =>
    createHash('sha256').update(location).digest('base64url').slice(0, 22),
  );
}

function withoutLinks(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch {
    // It does not exist yet.
    return folder;
  }
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  parsed.password = '';
  return parsed.href;
}

/** The keychain entry with the last state seen. One per location, because an entry on Windows is limited to 2,560 bytes. */
export function seenStateEntry(place: string): string {
  return `seen-${place}`;
}

/** The keychain entry with the last data keys seen. */
export function seenKeysEntry(place: string): string {
  return `seen-keys-${place}`;
}

/** The file next to the key file with the last data keys seen. */
export function seenKeysFile(keyFile: string, place: string): string {
  return `${keyFile}.${place.slice(0, 8)}.keys.seen`;
}
