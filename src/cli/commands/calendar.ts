import { Command } from 'commander';
import { calendarPieces } from '../../calendar/entries.ts';
import { note, printExactly } from '../terminal/terminal.ts';
import { withStore } from '../with-store.ts';

export function command(): Command {
  return new Command('calendar')
    .description('Print an iCalendar file with the expiry date of every token, and alarms before it.')
    .argument('[profile...]', 'only these profiles')
    .addHelpText('after', '\nExample:\n  webex-token calendar > webex-tokens.ics')
    .action(calendar);
}

async function calendar(names: string[]): Promise<void> {
  await withStore(async (records) => {
    let isEmpty = true;
    for await (const piece of calendarPieces(records, names)) {
      isEmpty &&= !piece.includes('BEGIN:VEVENT');
      // Every line of the file ends in CR LF, including the last one, and printing adds the LF.
      printExactly(piece.replace(/\n$/, ''));
    }
    if (isEmpty) note('No tokens yet, so the calendar is empty.');
  });
}
