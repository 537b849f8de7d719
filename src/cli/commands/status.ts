import { Command } from 'commander';
import { appOrigin } from '../../config/settings.ts';
import { expiringWithinDays } from '../../domain/profile-status.ts';
import type { ProfileSummary } from '../../domain/profile-summary.ts';
import { findRunningInstance } from '../../instance/instance-file.ts';
import { upToDateState } from '../../monitoring/up-to-date.ts';
import { checkJob } from '../../os-scheduler/check-job.ts';
import { findInstalled } from '../../os-scheduler/schedule.ts';
import { currentSystem } from '../../os-scheduler/system.ts';
import { countDestinations } from '../../provisioning/destinations.ts';
import { openChannels } from '../../reminders/channels/open-channels.ts';
import { redactedLocation } from '../../store/postgres/url.ts';
import { failingHooks } from '../../store/profiles/activations.ts';
import { countByStatus } from '../../store/profiles/status-totals.ts';
import { failedReminders } from '../../store/reminders/reminders.ts';
import { formatCount, plural } from '../../text/count.ts';
import type { Vault } from '../../vault/context.ts';
import { rowsToCheckBeforeShowing } from '../../vault/integrity/rollback-detection.ts';
import { keyStatus } from '../../vault/key-operations/key-status.ts';
import { iterateSummaries } from '../../vault/profiles/profiles.ts';
import { effectiveReminders } from '../../vault/reminders/effective-reminders.ts';
import { storeLocation } from '../../vault/store-location.ts';
import { profileFilter } from '../options/profile-filter.ts';
import { printTable } from '../terminal/print-table.ts';
import { statusLabel } from '../terminal/status-label.ts';
import { print, printJson, printProse, styled } from '../terminal/terminal.ts';
import { dateInTable } from '../terminal/time.ts';
import { withVault } from '../with-vault.ts';

/** Limited so that the status fits on one screen. The JSON output has all of them. */
const maxProfilesShown = 10;

export function command(): Command {
  return new Command('status')
    .description(
      'Show due tokens, deliveries, reminders, the scheduled job, the key and the server on one screen.',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  webex-token status')
    .action(status);
}

async function status(options: { json?: boolean }): Promise<void> {
  const report = await withVault(collect, { rowsToCheck: rowsToCheckBeforeShowing });
  if (options.json) printJson(report);
  else show(report);
}

type Report = Awaited<ReturnType<typeof collect>>;

async function collect(vault: Vault) {
  const { db, settings } = vault;
  const totals = await countByStatus(db, { now: vault.now() });
  const { all, ...counts } = totals;
  const due = await dueProfiles(vault);
  const { problem, sources, ...reminders } = await effectiveReminders(vault);
  const channels = await openChannels(reminders);
  const targets = channels.map(({ name, target }) => ({
    channel: name,
    target,
    source: sources[name as keyof typeof sources],
  }));
  for (const channel of channels) channel.close();
  const failed = await failedReminders(db);
  const server = await findRunningInstance(settings.home);
  const { keys, unfinished } = await keyStatus(vault);
  const { upToDate } = await upToDateState(db, {
    totals,
    remindersSetUp: targets.length > 0,
    hookSetUp: settings.renewalHook !== null,
  });
  return {
    upToDate,
    profiles: { total: all, ...counts },
    due,
    destinations: await countDestinations(vault),
    reminders: { channels: targets, failed: failed.length, problem: problem?.message ?? null },
    renewalHook: await hookReport(vault),
    schedule: await scheduleStatus(vault),
    key: {
      kind: vault.keys.kek.info.kind,
      total: keys.length,
      unauthorized: keys.filter(({ authorized }) => !authorized).length,
      unfinished,
    },
    store: redactedLocation(storeLocation(settings)),
    server: server === null ? null : appOrigin(server),
  };
}

/** Profiles that are not delivered, or need a new token within the next weeks; the most urgent first. */
async function dueProfiles(vault: Vault): Promise<ProfileSummary[]> {
  const due: ProfileSummary[] = [];
  for await (const page of iterateSummaries(vault, { status: 'undelivered' })) due.push(...page);
  const expiring: ProfileSummary[] = [];
  const filter = profileFilter({ within: expiringWithinDays }, vault.now());
  for await (const page of iterateSummaries(vault, filter))
    expiring.push(...page.filter((each) => each.status !== 'undelivered'));
  const sooner = (a: ProfileSummary, b: ProfileSummary) => (a.daysLeft ?? 0) - (b.daysLeft ?? 0);
  return [...due.sort(sooner), ...expiring.sort(sooner)];
}

/** The profiles for which the renewal hook fails; null if none is set up. */
async function hookReport({ db, settings }: Vault): Promise<{ failing: string[] } | null> {
  if (settings.renewalHook === null) return null;
  return { failing: (await failingHooks(db)).map(({ profile }) => profile) };
}

async function scheduleStatus({ settings }: Vault) {
  const store = redactedLocation(storeLocation(settings));
  const jobs = [];
  for (const { scheduler, job } of await findInstalled(currentSystem)) {
    jobs.push({ scheduler: scheduler.title, ...(await checkJob(job, store, currentSystem)) });
  }
  return jobs;
}

function show(report: Report): void {
  if (report.upToDate) printProse(`${styled('green', '✓')} Everything is up to date.`);
  const { due } = report;
  if (due.length > 0) {
    const rows = due
      .slice(0, maxProfilesShown)
      .map(({ profile, displayName, status, finding, effectiveExpiresAt, daysLeft }) => [
        displayName === null ? profile : `${displayName} (${profile})`,
        statusLabel({ status, finding }),
        effectiveExpiresAt === null ? '' : dateInTable(effectiveExpiresAt),
        daysLeft === null ? '' : String(daysLeft),
      ]);
    printTable(['DUE', 'STATUS', 'EXPIRES', 'DAYS'], rows);
    const more = due.length - maxProfilesShown;
    if (more > 0) print(`${formatCount(more)} more: webex-token list --within ${expiringWithinDays}`);
    print('');
  }
  for (const [label, isGood, text] of lines(report)) {
    const mark = isGood ? styled('green', '✓') : styled('yellow', '!');
    printProse(`${mark} ${label.padEnd(13)}${text}`);
  }
}

function undelivered(count: number): string {
  return count === 0 ? '' : `, ${formatCount(count)} renewed but not delivered`;
}

function hookLines({ renewalHook }: Report): [label: string, isGood: boolean, text: string][] {
  if (renewalHook === null) return [];
  const [first, ...more] = renewalHook.failing;
  if (first === undefined) return [['Renewal hook', true, 'no failures']];
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  return [['Renewal hook', false, `fails for ${first}${others}: webex-token show ${first}`]];
}

function lines(report: Report): [label: string, isGood: boolean, text: string][] {
  const { profiles, due, destinations, reminders, schedule, key, store, server } = report;
  const places = destinations.upToDate + destinations.outdated;
  const targets = reminders.channels.map(({ target }) => target).join('; ');
  const failures =
    reminders.failed === 0
      ? ''
      : `, ${reminders.failed} failed ${reminders.failed === 1 ? 'delivery' : 'deliveries'}`;
  const brokenJob = schedule.find(({ ok }) => ok === false);
  return [
    [
      'Tokens',
      due.length === 0 && profiles.total > 0,
      profiles.total === 0
        ? 'no organizations yet: webex-token login NAME'
        : `${plural(profiles.total, 'organization')}, ${formatCount(due.length - profiles.undelivered)} due within ${expiringWithinDays} days${undelivered(profiles.undelivered)}`,
    ],
    [
      'Destinations',
      destinations.outdated === 0,
      places === 0
        ? 'none yet: webex-token push entra NAME'
        : `${destinations.upToDate} of ${places} have the current token`,
    ],
    [
      'Reminders',
      targets !== '' && reminders.failed === 0 && reminders.problem === null,
      reminders.problem ??
        (targets === '' ? 'no channel is set up: webex-token open, Reminders' : `${targets}${failures}`),
    ],
    ...hookLines(report),
    [
      'Schedule',
      schedule.length > 0 && brokenJob === undefined,
      schedule.length === 0
        ? 'not installed: webex-token schedule install'
        : (brokenJob?.message ?? schedule.map(({ scheduler }) => scheduler).join(', ')),
    ],
    [
      'Key',
      key.unauthorized === 0 && key.unfinished === null,
      key.unauthorized > 0 || key.unfinished !== null
        ? `${key.kind}; see webex-token key status`
        : `${key.kind} (${key.total} in this store)`,
    ],
    ['Store', true, store],
    ['Server', true, server === null ? 'not running: webex-token serve' : `running on ${server}`],
  ];
}
