import { BrokerError } from '../errors/broker-error.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import { cron } from './cron.ts';
import { launchd } from './launchd.ts';
import type { InstalledJob, Scheduler, Step } from './scheduler.ts';
import type { System } from './system.ts';
import { systemd } from './systemd.ts';
import { taskScheduler } from './task-scheduler.ts';

const schedulers = [systemd, launchd, taskScheduler, cron];

/** The first scheduler that this machine has. Throws `E_SCHEDULE` where it has none that is known here. */
export async function detectScheduler(machine: System): Promise<Scheduler> {
  for (const scheduler of schedulers) {
    if (await scheduler.isThere(machine)) return scheduler;
  }
  throw new BrokerError('E_SCHEDULE', 'This machine has neither systemd nor cron that could be used here.', {
    help: 'Have whatever runs jobs there run "webex-token remind" every hour.',
  });
}

/** Every scheduler of this machine in which the job stands. */
export async function findInstalled(machine: System): Promise<{ scheduler: Scheduler; job: InstalledJob }[]> {
  const found = [];
  for (const scheduler of schedulers) {
    if (!(await scheduler.isThere(machine))) continue;
    const job = await scheduler.installed(machine);
    if (job !== null) found.push({ scheduler, job });
  }
  return found;
}

/** Does the steps one after the other. Throws `E_SCHEDULE` at the first that fails, with what the system says. */
export async function runSteps(steps: readonly Step[], machine: System): Promise<void> {
  for (const step of steps) {
    switch (step.do) {
      case 'write':
        machine.write(step.path, step.content, step.encoding ?? 'utf8');
        break;
      case 'write-settings':
        machine.writePrivate(step.path, step.content);
        break;
      case 'remove':
        machine.remove(step.path);
        break;
      case 'run': {
        const { code, stderr } = await machine.run(step.file, step.args, step.input);
        if (code !== 0 && !step.mayFail) throw failed(step, code, stderr);
      }
    }
  }
}

function failed(step: Step & { do: 'run' }, code: number | null, stderr: string): BrokerError {
  const said = sanitizeForDisplay(stderr, 300);
  const how = code === null ? 'could not be run' : `ended with ${code}`;
  return new BrokerError(
    'E_SCHEDULE',
    `${[step.file, ...step.args].join(' ')} ${how}${said === '' ? '.' : `: ${said}`}`,
    { help: '"webex-token schedule status" shows what is there now.' },
  );
}

/** What a step does, for a person, with all that it writes. */
export function stepText(step: Step): string {
  const indented = (text: string) =>
    text
      .replace(/^\ufeff/, '')
      .trimEnd()
      .replace(/^/gm, '    ');
  switch (step.do) {
    case 'write':
      return `Write ${step.path}:\n${indented(step.content)}`;
    case 'write-settings':
      return `Write ${step.path}, for you alone to read, with ${step.names.join(', ')}`;
    case 'remove':
      return `Remove ${step.path}`;
    case 'run': {
      const command = `Run ${[step.file, ...step.args].join(' ')}`;
      return step.input === undefined
        ? command
        : `${command}, with this as its input:\n${indented(step.input)}`;
    }
  }
}
