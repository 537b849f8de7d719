import { Command } from 'commander';
import { calendarText } from '../../expiry/calendar.ts';
import { calendarEntries } from '../../expiry/calendar-entries.ts';
import { note, printExactly } from '../terminal.ts';
import { withRecords } from '../with-records.ts';

export function command(): Command {
  return new Command('calendar')
    .description('An iCalendar file on standard output: when each token ends, with alarms before.')
    .argument('[profile...]', 'only these')
    .addHelpText('after', '\nExample:\n  webex-token calendar > webex-tokens.ics')
    .action(calendar);
}

async function calendar(names: string[]): Promise<void> {
  await withRecords(async (records) => {
    const entries = await calendarEntries(records, names);
    if (entries.length === 0) note('No token is held, so the calendar is empty.');
    // Every line of it ends in CR LF, the last one too.
    printExactly(`${calendarText(entries, records.settings.reminders.days).trimEnd()}\r`);
  });
}
