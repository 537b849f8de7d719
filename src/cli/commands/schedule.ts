import { resolve } from 'node:path';
import { Command } from 'commander';
import { readSettings } from '../../config/settings.ts';
import { environmentWithDotEnv } from '../../environment/environment.ts';
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
import { note, print, printJson, warn } from '../terminal/terminal.ts';

interface Options {
  dryRun?: boolean;
  json?: boolean;
}

export function command(): Command {
  const schedule = new Command('schedule')
    .description('Have the system itself run "webex-token remind" every hour.')
    .addHelpText('after', '\nExample:\n  webex-token schedule install --dry-run');
  schedule
    .command('install')
    .description('put it into systemd, cron, launchd or Task Scheduler; again, to bring it up to date')
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', '\nExample:\n  webex-token schedule install')
    .action(install);
  schedule
    .command('remove')
    .description('take it out again')
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', '\nExample:\n  webex-token schedule remove')
    .action(remove);
  schedule
    .command('status')
    .description('whether it is there, starts, and uses this store')
    .option('--json', 'as an object, for programs')
    .addHelpText('after', '\nExample:\n  webex-token schedule status')
    .action(status);
  return schedule;
}

async function install(options: Options): Promise<void> {
  // A wrong setting would make every run of the job fail: better now than then.
  const home = resolve(readSettings().home);
  const scheduler = await detectScheduler(currentSystem);
  const settings = jobSettings(process.env, environmentWithDotEnv({}), home);
  const file = jobSettingsFile(home);
  const job = remindJob(file);
  const names = Object.keys(settings.environment);
  const steps: Step[] = [
    { do: 'write-settings', path: file, content: jobSettingsText(settings), names },
    ...(await scheduler.install(job, currentSystem)),
  ];
  if (!(await announceAndDo(steps, options))) return;
  note(`"webex-token remind" now runs every hour, by ${scheduler.title}.`);
  if (scheduler.note !== null) note(scheduler.note);
  if (settings.missing.length > 0) {
    const { missing } = settings;
    warn(
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} set in this environment, and the job will not have ${missing.length === 1 ? 'it' : 'them'}: ` +
        'a passphrase is not written down beside the store that it opens. Where the job needs it, put it into the file .env beside package.json.',
    );
  }
  const passing = job.command.slice(0, 2).filter(isVersioned);
  if (passing.length > 0) {
    warn(
      `The job runs ${passing.join(' and ')}. An upgrade may remove that: then run "webex-token schedule install" again. ` +
        '"webex-token schedule status" and "webex-token doctor" notice it.',
    );
  }
}

async function remove(options: Options): Promise<void> {
  const installed = await findInstalled(currentSystem);
  if (installed.length === 0) return note('It is not there. Nothing was changed.');
  for (const { scheduler, job } of installed) {
    const steps = await scheduler.remove(currentSystem);
    const file = settingsFileOf(job);
    if (file !== null) steps.push({ do: 'remove', path: file });
    if (await announceAndDo(steps, options)) note(`Removed from ${scheduler.title}.`);
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
  if (jobs.length === 0) return print('Not installed. "webex-token schedule install" does it.');
  for (const { scheduler, location, message } of jobs) {
    print(`Installed in ${scheduler}: ${location}`);
    print(`  ${message}`);
  }
}

/** Says what will be done, and does it unless that was all that was asked for. True where it was done. */
async function announceAndDo(steps: readonly Step[], { dryRun }: Options): Promise<boolean> {
  const plan = steps.map(stepText).join('\n');
  if (dryRun) {
    print(plan);
    return false;
  }
  note(plan);
  await runSteps(steps, currentSystem);
  return true;
}
