import { Command, InvalidArgumentError } from 'commander';
import { userName } from '../../environment/os-user.ts';
import { verifyAudit } from '../../store/audit/audit.ts';
import type { AuditRow } from '../../store/audit/chain.ts';
import { type AuditFilter, auditRows, newestAuditRows } from '../../store/audit/read.ts';
import { escapeTerminalControls } from '../../text/sanitize.ts';
import type { StoreContext } from '../../vault/context.ts';
import { pruneAuditLog } from '../../vault/prune-audit.ts';
import { failed } from '../exit-codes.ts';
import { parseDate } from '../options/parse-date.ts';
import { isOutputClosed } from '../terminal/output.ts';
import { table } from '../terminal/table.ts';
import { note, print, printExactly, printJson, styled } from '../terminal/terminal.ts';
import { withStore } from '../with-store.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('log')
    .description('The audit log: every capture, check, read, push and refusal. Never a token.')
    .option('--profile <name>', 'only of this profile')
    .option('--client <name>', 'only of this client')
    .option('--action <action>', 'only this action: capture, read, verify, …')
    .option('--outcome <outcome>', 'only what ended like this: ok, invalid_client, …')
    .option('--since <when>', 'only from then on: 2027-03-01, 2027-03-01T12:00Z or 7d', back)
    .option('--until <when>', 'only before then', back)
    .option('--last <count>', 'how many of the newest are shown', count, 100)
    .option('--json', 'all of them, one object a line, oldest first')
    .option('--verify', 'follow the chain of hashes; ends with 1 where it is broken')
    .option('--prune <before>', 'remove what is older: 2026-01-01 or 400d. The chain stays verifiable', back)
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
  prune?: number;
}

async function log(options: LogOptions): Promise<void> {
  const { prune: before } = options;
  if (before !== undefined) return await withVault((vault) => prune(vault, before));
  await withStore(async (records) => {
    if (options.verify) await verify(records, options.json);
    else if (options.json) await printAll(records, filterOf(options));
    else await printNewest(records, filterOf(options), options.last);
  });
}

async function verify(records: StoreContext, json: boolean | undefined): Promise<void> {
  const verdict = await verifyAudit(records.db);
  const { rows, broken, signedTo } = verdict;
  if (json) printJson({ ok: broken === null, ...verdict });
  else if (broken === null) print(`${rows} rows, the chain is unbroken.${signedWords(signedTo, rows)}`);
  else print(`${styled('red', 'Broken')} at row ${broken.seq}: ${broken.reason}.`);
  if (broken === null) return;
  process.exitCode = failed;
  note(
    'The log was changed from outside this program, or the database is damaged. Compare it with a backup.',
  );
}

function signedWords(signedTo: number | undefined, rows: number): string {
  if (rows === 0) return '';
  if (signedTo === undefined) return ' Its signature was not checked: the key could not be opened.';
  return ` It is signed up to row ${signedTo}; what follows is signed by the next command that opens the key.`;
}

async function prune(records: StoreContext, before: number): Promise<void> {
  const removed = await pruneAuditLog(records, before, { user: userName() });
  note(
    removed === 0
      ? `Nothing is older than ${new Date(before).toISOString()}.`
      : `${removed} rows from before ${new Date(before).toISOString()} are removed. That is a row of the log itself.`,
  );
}

async function printAll(records: StoreContext, filter: AuditFilter): Promise<void> {
  // In parts: a line at a time would be slow, and all at once too large.
  let lines: string[] = [];
  for await (const row of auditRows(records.db, filter)) {
    lines.push(escapeTerminalControls(JSON.stringify(forPrograms(row))));
    if (lines.length < 500) continue;
    printExactly(lines.join('\n'));
    lines = [];
    if (isOutputClosed()) return;
  }
  if (lines.length > 0) printExactly(lines.join('\n'));
}

async function printNewest(records: StoreContext, filter: AuditFilter, last: number): Promise<void> {
  const rows = await newestAuditRows(records.db, filter, last + 1);
  const more = rows.length > last;
  const shown = rows.slice(0, last).reverse();
  if (shown.length === 0) {
    note('Nothing is in the log that fits.');
    return;
  }
  const head = ['TIME (UTC)', 'ACTION', 'OUTCOME', 'PROFILE', 'CLIENT', 'USER', 'FROM', 'KEY OR FILE'];
  print(table(head, shown.map(cells)));
  if (more) note(`There are older ones: --last ${last * 10}, or --json for all.`);
}

function cells(row: AuditRow): string[] {
  const outcome = row.outcome === 'ok' ? 'ok' : styled('red', printable(row.outcome));
  const time = new Date(row.time).toISOString().slice(0, 19).replace('T', ' ');
  const { action, profile, client, user, address, subject } = row;
  return [
    time,
    action,
    outcome,
    ...[profile, client, user, address, subject].map((text) => printable(text ?? '')),
  ];
}

/** A row is one line, however it was filled. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?').slice(0, 60);
}

function forPrograms({ time, ...row }: AuditRow) {
  const { action, outcome, profile, client, address, user, subject, seq } = row;
  return {
    time: new Date(time).toISOString(),
    action,
    outcome,
    profile,
    client,
    address,
    user,
    subject,
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

function back(text: string): number {
  return parseDate(text, 'back');
}

function count(text: string): number {
  const value = Number(text);
  if (/^\d{1,6}$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('It is a whole number from 1 to 999999.');
}
