import { Command } from 'commander';
import { readSettings } from '../../config.ts';
import { environmentWithDotEnv } from '../../environment.ts';
import { leftBehind, remindJob } from '../../expiry/schedule/job.ts';
import { thisMachine } from '../../expiry/schedule/machine.ts';
import { carryOut, findInstalled, schedulerOf, stepText } from '../../expiry/schedule/schedule.ts';
import type { Step } from '../../expiry/schedule/scheduler.ts';
import { note, print, printJson, warn } from '../terminal.ts';

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
    .description('whether it is there')
    .option('--json', 'as an object, for programs')
    .addHelpText('after', '\nExample:\n  webex-token schedule status')
    .action(status);
  return schedule;
}

async function install(options: Options): Promise<void> {
  // A wrong setting would make every run of the job fail: better now than then.
  readSettings();
  const scheduler = await schedulerOf(thisMachine);
  const steps = await scheduler.install(remindJob(process.env), thisMachine);
  if (!(await announceAndDo(steps, options))) return;
  note(`"webex-token remind" now runs every hour, by ${scheduler.title}.`);
  if (scheduler.advice !== null) note(scheduler.advice);
  const missing = leftBehind(process.env, environmentWithDotEnv({}));
  if (missing.length > 0) {
    warn(
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} set in this environment, which the job will not have. ` +
        'Put that into the file .env beside package.json: nothing secret is written into the job itself.',
    );
  }
}

async function remove(options: Options): Promise<void> {
  const installed = await findInstalled(thisMachine);
  if (installed.length === 0) return note('It is not there. Nothing was changed.');
  for (const { scheduler } of installed) {
    const steps = await scheduler.remove(thisMachine);
    if (await announceAndDo(steps, options)) note(`Removed from ${scheduler.title}.`);
  }
}

async function status(options: Options): Promise<void> {
  const installed = (await findInstalled(thisMachine)).map(({ scheduler, place }) => ({
    scheduler: scheduler.title,
    place,
  }));
  if (options.json) return printJson({ installed: installed.length > 0, jobs: installed });
  if (installed.length === 0) return print('Not installed. "webex-token schedule install" does it.');
  for (const { scheduler, place } of installed) print(`Installed in ${scheduler}: ${place}`);
}

/** Says what will be done, and does it unless that was all that was asked for. True where it was done. */
async function announceAndDo(steps: readonly Step[], { dryRun }: Options): Promise<boolean> {
  const plan = steps.map(stepText).join('\n');
  if (dryRun) {
    print(plan);
    return false;
  }
  note(plan);
  await carryOut(steps, thisMachine);
  return true;
}
