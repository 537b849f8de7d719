import { defaultReminderDays } from '../src/domain/reminder-triggers.ts';
import { currentProcess } from '../src/process/lease-owner.ts';
import type { Channel } from '../src/reminders/channels/channel.ts';
import { sendReminders } from '../src/reminders/send-reminders.ts';
import { dueChecks } from '../src/store/profiles/token-checks.ts';
import { dueTokens } from '../src/store/reminders/reminders.ts';
import type { StoreContext } from '../src/vault/context.ts';
import { manyProfiles, median } from './many-profiles.ts';

/*
 * Measures how long it takes to find due reminders and checks. If nothing is due, it should take almost no time. Twenty
 * reminders should take the same time with any number of profiles. The tokens expire evenly over a year, so a sixth of
 * them expires within the 60 days of reminders.
 */
const sizes = [1_000, 10_000, 100_000];
const due = 20;

const silent: Channel = { name: 'mail', target: 'nowhere', deliver: async () => {}, close: () => {} };
const rows: Record<string, Record<string, string>> = {};
function record(title: string, size: number, ms: number): void {
  rows[title] = { ...rows[title], [`${size.toLocaleString('en')} profiles`]: `${ms.toFixed(2)} ms` };
}

for (const size of sizes) {
  const { db, now, close } = await manyProfiles(size);
  let clock = now;
  const settings = { reminders: { days: defaultReminderDays } } as StoreContext['settings'];
  const context: StoreContext = { db, settings, now: () => clock };
  const leaseOwner = currentProcess();

  record('find reminders, none due', size, await median(51, () => dueTokens(db, 'mail', now, 100)));
  record('find checks, none due', size, await median(51, () => dueChecks(db, now, 100)));

  const soonest = await db
    .selectFrom('reminder_schedule')
    .select('next_at')
    .where('channel', '=', 'mail')
    .orderBy('next_at')
    .offset(due - 1)
    .limit(1)
    .executeTakeFirstOrThrow();
  clock = soonest.next_at;
  record(`find ${due} reminders`, size, await median(51, () => dueTokens(db, 'mail', clock, 100)));
  // These values tell the first run that every token is already scheduled: scheduling is not measured.
  await db
    .insertInto('meta')
    .values({ key: 'reminder-days', value: defaultReminderDays.join(',') })
    .execute();
  await db
    .insertInto('meta')
    .values({ key: 'clock', value: String(clock) })
    .execute();
  const start = performance.now();
  const { length } = await sendReminders(context, { channels: [silent], leaseOwner });
  record(`lease, send and record ${due}`, size, performance.now() - start);
  if (length !== due) throw new Error(`${length} reminders were sent`);
  await close();
}
process.stdout.write('What is due, median of 51; the last line once:\n');
// biome-ignore lint/suspicious/noConsole: a table is the result
console.table(rows);
