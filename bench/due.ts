import { defaultReminderDays } from '../src/domain/reminder-triggers.ts';
import { currentProcess } from '../src/process/lease-owner.ts';
import type { Channel } from '../src/reminders/channels/channel.ts';
import { sendReminders } from '../src/reminders/send-reminders.ts';
import { dueChecks } from '../src/store/profiles/token-checks.ts';
import { dueTokens } from '../src/store/reminders/reminders.ts';
import type { StoreContext } from '../src/vault/context.ts';
import { manyProfiles, median } from './many-profiles.ts';

/*
 * What it costs to find what is due: nothing to speak of where nothing is, and the same for twenty reminders however
 * many profiles are held. Each token is some way into its year, so a sixth of them is within the 60 days.
 */
const sizes = [1_000, 10_000, 100_000];
const due = 20;

const silent: Channel = { name: 'mail', target: 'nowhere', deliver: async () => {}, close: () => {} };
const rows: Record<string, Record<string, string>> = {};
function note(title: string, size: number, ms: number): void {
  rows[title] = { ...rows[title], [`${size.toLocaleString('en')} profiles`]: `${ms.toFixed(2)} ms` };
}

for (const size of sizes) {
  const { db, now, close } = await manyProfiles(size);
  let clock = now;
  const settings = { reminders: { days: defaultReminderDays } } as StoreContext['settings'];
  const records: StoreContext = { db, settings, now: () => clock };
  const leaseOwner = currentProcess();

  note('find reminders, none due', size, await median(51, () => dueTokens(db, 'mail', now, 100)));
  note('find checks, none due', size, await median(51, () => dueChecks(db, now, 100)));

  const soonest = await db
    .selectFrom('reminder_schedule')
    .select('next_at')
    .where('channel', '=', 'mail')
    .orderBy('next_at')
    .offset(due - 1)
    .limit(1)
    .executeTakeFirstOrThrow();
  clock = soonest.next_at;
  note(`find ${due} reminders`, size, await median(51, () => dueTokens(db, 'mail', clock, 100)));
  // The first run of all looks at every token once, to plan it; that is not what is measured.
  await db
    .insertInto('meta')
    .values({ key: 'reminder-days', value: defaultReminderDays.join(',') })
    .execute();
  await db
    .insertInto('meta')
    .values({ key: 'clock', value: String(clock) })
    .execute();
  const start = performance.now();
  const { length } = await sendReminders(records, { channels: [silent], leaseOwner });
  note(`lease, send and record ${due}`, size, performance.now() - start);
  if (length !== due) throw new Error(`${length} reminders were sent`);
  await close();
}
process.stdout.write('What is due, median of 51; the last line once:\n');
// biome-ignore lint/suspicious/noConsole: a table is the result
console.table(rows);
