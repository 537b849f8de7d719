import { resolve } from 'node:path';
import { Command } from 'commander';
import { readSettings } from '../../config/settings.ts';
import { dotEnvFolder, environmentWithDotEnv } from '../../environment/environment.ts';
import { checkJob } from '../../os-scheduler/check-job.ts';
import { remindJob } from '../../os-scheduler/job.ts';
import {
  jobSettings,
  jobSettingsFile,
  jobSettingsText,
  settingsFileOf,
} from '../../os-scheduler/job-settings.ts';
import { detectScheduler, findInstalled, runSteps, stepText } from '../../os-scheduler/schedule.ts';
import type { Step } from '../../os-scheduler/scheduler.ts';
import { isVersioned } from '../../os-scheduler/stable-path.ts';
import { currentSystem } from '../../os-scheduler/system.ts';
import { redactedLocation } from '../../store/postgres/url.ts';
import { storeLocation } from '../../vault/store-location.ts';
import { failed } from '../exit-codes.ts';
import { note, print, printJson, suggestNext, warn } from '../terminal/terminal.ts';

interface Options {
  dryRun?: boolean;
  json?: boolean;
}

export function command(): Command {
  const schedule = new Command('schedule')
    .description('Run "webex-token remind" every hour with the scheduler of the operating system.')
    .addHelpText('after', '\nExample:\n  webex-token schedule install --dry-run');
  schedule
    .command('install')
    .description('Install or update the job in systemd, cron, launchd or Task Scheduler.')
    .option('--dry-run', 'show what would change, and change nothing')
    .addHelpText('after', '\nExample:\n  webex-token schedule install')
    .action(install);
  schedule
    .command('remove')
    .description('Remove the job.')
    .option('--dry-run', 'show what would change, and change nothing')
    .addHelpText('after', '\nExample:\n  webex-token schedule remove')
    .action(remove);
  schedule
    .command('status')
    .description('Show whether the job is installed, starts, and uses this store.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  webex-token schedule status')
    .action(status);
  return schedule;
}

async function install(options: Options): Promise<void> {
  // An invalid setting would make every run of the job fail, so it is reported now.
  const home = resolve(readSettings().home);
  const scheduler = await detectScheduler(currentSystem);
  const settings = jobSettings(process.env, environmentWithDotEnv({}, dotEnvFolder(process.env)), home);
  const file = jobSettingsFile(home);
  const job = remindJob(file);
  const names = Object.keys(settings.environment);
  const steps: Step[] = [
    { do: 'write-settings', path: file, content: jobSettingsText(settings), names },
    ...(await scheduler.install(job, currentSystem)),
  ];
  if (!(await printAndRun(steps, options))) return;
  note(`Installed in ${scheduler.title}. "webex-token remind" now runs every hour.`);
  if (scheduler.note !== null) note(scheduler.note);
  suggestNext(['schedule', 'status']);
  if (settings.missing.length > 0) {
    const { missing } = settings;
    warn(
      `The job runs without ${missing.join(' and ')}, because a passphrase is not saved next to the store that it decrypts. ` +
        'If the job needs it, add it to the .env file next to package.json.',
    );
  }
  const passing = job.command.slice(0, 2).filter(isVersioned);
  if (passing.length > 0) {
    warn(
      `The job runs ${passing.join(' and ')}, which an upgrade may remove. In that case, run "webex-token schedule install" again. ` +
        '"webex-token schedule status" and "webex-token doctor" detect that.',
    );
  }
}

async function remove(options: Options): Promise<void> {
  const installed = await findInstalled(currentSystem);
  if (installed.length === 0) return note('The job is not installed. Nothing was changed.');
  for (const { scheduler, job } of installed) {
    const steps = await scheduler.remove(currentSystem);
    const file = settingsFileOf(job);
    if (file !== null) steps.push({ do: 'remove', path: file });
    if (!(await printAndRun(steps, options))) continue;
    note(`Removed from ${scheduler.title === 'cron' ? 'your crontab' : scheduler.title}.`);
    suggestNext(['schedule', 'install'], 'To install it again');
  }
}

async function status(options: Options): Promise<void> {
  const store = redactedLocation(storeLocation(readSettings()));
  const jobs = [];
  for (const { scheduler, job } of await findInstalled(currentSystem)) {
    const { ok, message } = await checkJob(job, store, currentSystem);
    jobs.push({ scheduler: scheduler.title, location: job.location, ok, message });
  }
  if (jobs.some(({ ok }) => ok === false)) process.exitCode = failed;
  if (options.json) return printJson({ installed: jobs.length > 0, jobs });
  if (jobs.length === 0) return print('Not installed. Install it: webex-token schedule install');
  for (const { scheduler, location, message } of jobs) {
    print(`Installed in ${scheduler}: ${location}`);
    print(`  ${message}`);
  }
}

/** Prints the steps, and runs them unless this is a dry run. Returns whether they ran. */
async function printAndRun(steps: readonly Step[], { dryRun }: Options): Promise<boolean> {
  const plan = steps.map(stepText).join('\n');
  if (dryRun) {
    print(plan);
    return false;
  }
  note(plan);
  await runSteps(steps, currentSystem);
  return true;
}
