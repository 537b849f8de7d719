import { Command } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { monitorAll, monitorNamed } from '../../monitoring/monitor.ts';
import { type MonitorReport, nagiosText, states } from '../../monitoring/nagios.ts';
import { print, printJson, reportError } from '../terminal/terminal.ts';
import { withStore } from '../with-store.ts';

export function command(): Command {
  return (
    new Command('check')
      .description('For monitoring, by the Nagios plugin convention: OK, WARNING, CRITICAL or UNKNOWN.')
      .argument('[profile...]', 'only these')
      // Taken as it comes, for wrong usage has to end 3 here, and everywhere else 2.
      .option('--within [days]', 'warn so many days before the end', '30')
      .option('--tag [tag]', 'only the profiles filed under it')
      .option('--json', 'as an object, for programs')
      .allowUnknownOption()
      .addHelpText(
        'after',
        '\nExample:\n  webex-token check --within 14\n\nIt ends 0 where all is well, 1 where something ends within so many days, 2 where something has expired\nor is rejected, 3 where that cannot be told. Webex is not asked: "webex-token test" does.\nA quarantine in Entra ID that the last look found counts as 1, and as 2 once its 28 days are over.',
      )
      .action(check)
  );
}

interface CheckOptions {
  within: string | true;
  tag?: string | true;
  json?: boolean;
}

async function check(operands: string[], options: CheckOptions): Promise<void> {
  process.exitCode = states.UNKNOWN;
  const unknown = (reason: string) =>
    options.json ? printJson({ state: 'UNKNOWN', reason }) : print(`WEBEX TOKEN UNKNOWN - ${reason}`);
  const stray = operands.find((operand) => operand.startsWith('-'));
  if (stray !== undefined) return unknown(`there is no option ${stray.replace(/[^\x20-\x7e]/g, '?')}`);
  if (options.within === true || !/^\d{1,4}$/.test(options.within)) {
    return unknown('--within wants a whole number of days, for example --within 14');
  }
  if (options.tag === true) return unknown('--tag wants a tag, for example --tag emea');
  const tag = options.tag?.toLowerCase();
  const withinDays = Number(options.within);
  let report: MonitorReport;
  try {
    report = await withStore(
      (records) =>
        operands.length === 0
          ? monitorAll(records, withinDays, tag)
          : monitorNamed(records, operands, withinDays),
      { existing: true },
    );
  } catch (error) {
    reportError(error);
    if (!(error instanceof BrokerError && error.code === 'E_STORE_MISSING')) {
      return unknown('the store cannot be read');
    }
    report = { state: 'UNKNOWN', profiles: [], total: 0, withinDays };
  }
  process.exitCode = states[report.state];
  if (options.json) printJson(report);
  else print(nagiosText(report));
}
