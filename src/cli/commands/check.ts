import { Command } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { monitorAll, monitorNamed } from '../../monitoring/monitor.ts';
import { type MonitorReport, nagiosText, states } from '../../monitoring/nagios.ts';
import { print, printJson, reportError } from '../terminal/terminal.ts';
import { withStore } from '../with-store.ts';

export function command(): Command {
  return (
    new Command('check')
      .description(
        'Report OK, WARNING, CRITICAL or UNKNOWN to a monitoring system (Nagios plugin convention).',
      )
      .argument('[profile...]', 'only these profiles')
      // Validated below: wrong usage exits 3 here, and 2 everywhere else.
      .option('--within [days]', 'warn this many days before a token expires', '30')
      .option('--tag [tag]', 'only profiles with this tag')
      .option('--json', 'print JSON')
      .allowUnknownOption()
      .addHelpText(
        'after',
        '\nExample:\n  webex-token check --within 14\n\nExit codes: 0 OK, 1 a token expires within that many days, or was renewed but not\ndelivered, 2 a token has expired or was rejected, here or in a destination, 3 unknown.\nWebex is not contacted; for that, run "webex-token test". A quarantine in Entra ID found by the last status\ncheck counts as 1, and as 2 after 28 days.',
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
  if (stray !== undefined) return unknown(`unknown option ${stray.replace(/[^\x20-\x7e]/g, '?')}`);
  if (options.within === true || !/^\d{1,4}$/.test(options.within)) {
    return unknown('--within takes a whole number of days, for example --within 14');
  }
  if (options.tag === true) return unknown('--tag takes a tag, for example --tag emea');
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
    if (!(error instanceof BrokerError)) return unknown('an unexpected error occurred');
    // A monitoring system shows the first line, so it has to contain the reason.
    if (error.code !== 'E_STORE_MISSING') return unknown(reasonOf(error));
    report = { state: 'UNKNOWN', profiles: [], total: 0, withinDays };
  }
  process.exitCode = states[report.state];
  if (options.json) printJson(report);
  else print(nagiosText(report));
}

function reasonOf({ code, message }: BrokerError): string {
  const what = code === 'E_SETTING' ? 'a setting is invalid' : 'the store cannot be read';
  return `${what}: ${message.replace(/\.$/, '')}`.replace(/[\p{Cc}|]+/gu, ' ');
}
