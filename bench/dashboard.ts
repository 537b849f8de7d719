import { type ProfilePageQuery, queryProfiles } from '../src/store/profiles/query.ts';
import { manyProfiles, median } from './many-profiles.ts';

/*
 * Measures the queries of one page of the dashboard: the profiles of the page with their tokens, and the totals of each
 * status. The target for the first page with 100,000 profiles is 50 ms.
 */
const sizes = [1_000, 10_000, 100_000];
type PageVariant = Partial<ProfilePageQuery> & { middle?: boolean };
const pages: Record<string, PageVariant> = {
  'first page': {},
  'a page in the middle': { middle: true },
  'by name': { sort: 'name' },
  'only expiring': { status: 'expiring' as const },
  'search, found often': { search: 'customer' },
  'search, found once': { search: 'customer-0000777 admin777@' },
};

const rows: Record<string, Record<string, string>> = {};
for (const size of sizes) {
  const { db, now, close } = await manyProfiles(size);
  for (const [title, { middle, ...more }] of Object.entries(pages)) {
    const after = middle ? `${now + 182 * 86_400_000}.customer` : undefined;
    const query = { sort: 'urgency' as const, limit: 50, now, after, ...more };
    const ms = await median(15, () => queryProfiles(db, query));
    rows[title] = { ...rows[title], [`${size.toLocaleString('en')} profiles`]: `${ms.toFixed(1)} ms` };
  }
  await close();
}
process.stdout.write('One page of 50 profiles with the totals, median of 15:\n');
// biome-ignore lint/suspicious/noConsole: a table is the result
console.table(rows);
