import { createHash } from 'node:crypto';
import type { Settings } from '../../config/settings.ts';

/** Identifies the location of a database in the stored states. A copy in another location is another store. */
export function seenPlace({ databaseUrl, home }: Pick<Settings, 'home' | 'databaseUrl'>): string {
  const place = databaseUrl ? withoutPassword(databaseUrl) : home;
  return createHash('sha256').update(place).digest('base64url').slice(0, 22);
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  parsed.password = '';
  return parsed.href;
}
