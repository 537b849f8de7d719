import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';

/** The path of the SQLite database in the data folder. */
export function databaseFile(home: string): string {
  return join(home, 'store.db');
}

/** Where the store is: the PostgreSQL URL if one is set, otherwise the SQLite file in the data folder. */
export function storeLocation(settings: Pick<Settings, 'home' | 'databaseUrl'>): string {
  return settings.databaseUrl ?? databaseFile(settings.home);
}
