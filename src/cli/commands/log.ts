import { Command, InvalidArgumentError } from 'commander';
import { readSettings } from '../../config/settings.ts';
import { userName } from '../../environment/os-user.ts';
import type { BrokerError } from '../../errors/broker-error.ts';
import { commandLine } from '../../errors/remedy.ts';
import { type AuditVerification, verifyAudit } from '../../store/audit/audit.ts';
import { type AuditRow, rowText } from '../../store/audit/chain.ts';
import { auditActionLabels } from '../../store/audit/labels.ts';
import { auditOutcome, isOutcomeFilter, outcomeFilters } from '../../store/audit/outcomes.ts';
import { type AuditFilter, auditRows, newestAuditRows } from '../../store/audit/read.ts';
import { formatCount, plural } from '../../text/count.ts';
import { instant } from '../../text/instant.ts';
import { escapeTerminalControls } from '../../text/sanitize.ts';
import type { StoreContext } from '../../vault/context.ts';
import { openAuditLog } from '../../vault/open-audit-log.ts';
import { assertAgeIsKnown, pruneAuditLog } from '../../vault/prune-audit.ts';
import { failed } from '../exit-codes.ts';
import { parseDate } from '../options/parse-date.ts';
import { confirmDestructive } from '../terminal/confirm.ts';
import { isOutputClosed } from '../terminal/output.ts';
import { printTable } from '../terminal/print-table.ts';
import { note, printExactly, printJson, printProse, styled, warn } from '../terminal/terminal.ts';
import { secondInTable, timeInSentence } from '../terminal/time.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('log')
    .description('Show the audit log: every capture, check, read, push and rejected request.')
    .option('--profile <name>', 'only entries of this profile')
    .option('--client <name>', 'only entries of this API client')
    .option('--action <action>', 'only entries with this action: capture, read, verify, …', actionOption)
    .option(
      '--outcome <outcome>',
      'only entries with this outcome: ok, failed (for any reason), or a code such as invalid_client',
      outcomeOption,
    )
    .option('--since <when>', 'only entries from this time on: 2027-03-01, 2027-03-01T12:00Z or 7d', back)
    .option('--until <when>', 'only entries before this time', back)
    .option('--last <count>', 'show this many of the newest entries', count, 100)
    .option('--json', 'print every entry as JSON, one object per line, oldest first')
    .option('--verify', 'verify the hash chains and their signatures; exits 1 if one is broken')
    .option(
      '--prune <before>',
      'delete older entries: 2026-01-01 or 400d. The rest stays verifiable',
      pruneLimit,
    )
    .option('--yes', 'with --prune: do not ask for confirmation')
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token log --profile acme --since 7d\n  webex-token log --json --action read | jq -r .client | sort | uniq -c\n  webex-token log --verify\n  webex-token log --prune 400d',
    )
    .action(log);
}

interface LogOptions extends AuditFilter {
  last: number;
  json?: boolean;
  verify?: boolean;
  prune?: PruneLimit;
  yes?: boolean;
}

async function log(options: LogOptions): Promise<void> {
  const { prune: limit } = options;
  if (limit !== undefined) return await withVault((vault) => prune(vault, limit, options));
  const { verify: verifies = false } = options;
  const { db, changed } = await openAuditLog(readSettings(), { verify: verifies, onWarning: warn });
  try {
    if (changed !== null) warnOfChange(changed);
    if (verifies) await verify({ db }, options.json);
    else if (options.json) await printAll({ db }, filterOf(options));
    else await printNewest({ db }, filterOf(options), options.last);
  } finally {
    await db.destroy();
  }
}

/** The log is still shown, so that an administrator can see what happened, but the exit code reports a failure. */
function warnOfChange({ message }: BrokerError): void {
  warn(`${message} Other commands do not use this store. The log may have been changed too.`);
  note(`To verify it: ${commandLine(['log', '--verify'])}`);
  note(`To restore a backup: ${commandLine(['restore', 'FILE'])}`);
  process.exitCode = failed;
}

async function verify(records: Pick<StoreContext, 'db'>, json: boolean | undefined): Promise<void> {
  const verdict = await verifyAudit(records.db);
  const { rows, chains, broken } = verdict;
  if (json) printJson({ ok: broken === null, ...verdict });
  else if (broken === null)
    printProse(
      `Log integrity verified (${plural(rows, 'entry', 'entries')}${chains > 1 ? ` in ${chains} chains` : ''}).${signatureSentence(verdict)}`,
    );
  else printProse(`${styled('red', 'Broken')} at ${rowText(broken, 'entry')}: ${broken.reason}.`);
  if (broken === null) return;
  process.exitCode = failed;
  note(
    'Something other than this program changed the log, or the database is damaged. Compare it with a backup.',
  );
}

function signatureSentence({ rows, unsigned }: AuditVerification): string {
  if (rows === 0) return '';
  if (unsigned === undefined) return ' The signature was not checked because the key is not available.';
  if (unsigned === 0) return ' Every entry is signed.';
  const entries = unsigned === 1 ? 'The last entry is' : `The last ${formatCount(unsigned)} entries are`;
  return ` ${entries} not signed yet. The next command that uses the key signs the rest.`;
}

async function prune(
  records: StoreContext,
  { before, isAge }: PruneLimit,
  options: LogOptions,
): Promise<void> {
  if (isAge) await assertAgeIsKnown(records);
  const question = `Delete all entries before ${timeInSentence(before)}?`;
  if (!(await confirmDestructive(question, 'Nothing was deleted.', options))) return;
  const removed = await pruneAuditLog(records, before, { user: userName() });
  note(
    removed === 0
      ? `No entries are older than ${timeInSentence(before)}.`
      : `Deleted ${plural(removed, 'entry', 'entries')} before ${timeInSentence(before)}. The log records this.`,
  );
}

async function printAll(records: Pick<StoreContext, 'db'>, filter: AuditFilter): Promise<void> {
  // Printed in batches: single lines would be slow, and everything at once could be too large for memory.
  let lines: string[] = [];
  for await (const row of auditRows(records.db, filter)) {
    lines.push(escapeTerminalControls(JSON.stringify(toJson(row))));
    if (lines.length < 500) continue;
    printExactly(lines.join('\n'));
    lines = [];
    if (isOutputClosed()) return;
  }
  if (lines.length > 0) printExactly(lines.join('\n'));
}

async function printNewest(
  records: Pick<StoreContext, 'db'>,
  filter: AuditFilter,
  last: number,
): Promise<void> {
  const rows = await newestAuditRows(records.db, filter, last + 1);
  const more = rows.length > last;
  const shown = rows.slice(0, last).reverse();
  if (shown.length === 0) {
    note('No matching log entries.');
    return;
  }
  const head = ['TIME', 'ACTION', 'OUTCOME', 'PROFILE', 'CLIENT', 'USER', 'ADDRESS', 'SUBJECT'];
  printTable(head, shown.map(cells));
  if (more) note(`For older entries, use --last ${last * 10}, or --json for all.`);
}

function cells(row: AuditRow): string[] {
  const { text, kind } = auditOutcome(row.action, row.outcome);
  const outcome = kind === 'failed' ? styled('red', printable(text)) : printable(text);
  const { action, profile, client, user, address, subject } = row;
  return [
    secondInTable(row.time),
    auditActionLabels[action] ?? printable(action),
    outcome,
    ...[profile, client, user, address, subject].map((text) => printable(text ?? '')),
  ];
}

/** Keeps an entry on one line, whatever it contains. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?').slice(0, 60);
}

function toJson({ time, ...row }: AuditRow) {
  const { action, outcome, profile, client, address, user, subject, chain, seq } = row;
  return {
    time: instant(time),
    action,
    outcome,
    profile,
    client,
    address,
    user,
    subject,
    chain,
    seq,
  };
}

function filterOf({ profile, client, action, outcome, since, until }: LogOptions): AuditFilter {
  return {
    ...(profile !== undefined && { profile }),
    ...(client !== undefined && { client }),
    ...(action !== undefined && { action }),
    ...(outcome !== undefined && { outcome }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

function actionOption(text: string): string {
  if (Object.hasOwn(auditActionLabels, text)) return text;
  throw new InvalidArgumentError(`Use one of these: ${Object.keys(auditActionLabels).join(', ')}.`);
}

function outcomeOption(text: string): string {
  if (isOutcomeFilter(text)) return text;
  throw new InvalidArgumentError(`Use one of these: ${outcomeFilters.map(({ value }) => value).join(', ')}.`);
}

interface PruneLimit {
  /** Epoch milliseconds. */
  before: number;
  /** Whether it was given as an age, which depends on the clock. */
  isAge: boolean;
}

function pruneLimit(text: string): PruneLimit {
  return { before: back(text), isAge: !text.includes('-') };
}

function back(text: string): number {
  return parseDate(text, 'back');
}

function count(text: string): number {
  const value = Number(text);
  if (/^\d{1,6}$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('Use a whole number from 1 to 999999.');
}
