import { profileTitle } from '../../domain/profile.ts';
import type { Db } from '../db.ts';

/** How many names one statement looks up. */
const batch = 500;

/** The names of organizations that people see, by their technical names. A name that does not exist stays as it is. */
export async function titlesOf(db: Db, names: readonly string[]): Promise<(name: string) => string> {
  const titles = new Map<string, string>();
  for (let at = 0; at < names.length; at += batch) {
    const rows = await db
      .selectFrom('profile')
      .select(['name', 'display_name as displayName'])
      .where('name', 'in', names.slice(at, at + batch))
      .where('display_name', 'is not', null)
      .execute();
    for (const row of rows) titles.set(row.name, profileTitle(row));
  }
  return (name) => titles.get(name) ?? name;
}
