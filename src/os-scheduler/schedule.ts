import { BrokerError } from '../errors/broker-error.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import { cron } from './cron.ts';
import { launchd } from './launchd.ts';
import type { InstalledJob, Scheduler, Step } from './scheduler.ts';
import type { System } from './system.ts';
import { systemd } from './systemd.ts';
import { taskScheduler } from './task-scheduler.ts';

const schedulers = [systemd, launchd, taskScheduler, cron];

/** The preferred scheduler of this machine. Throws `E_SCHEDULE` if it has none that is supported. */
export async function detectScheduler(system: System): Promise<Scheduler> {
  for (const scheduler of schedulers) {
    if (scheduler.supports(system.platform) && (await scheduler.isAvailable(system))) return scheduler;
  }
  throw new BrokerError(
    'E_SCHEDULE',
    'No supported scheduler is available: neither systemd nor cron can be used by this account.',
    {
      help: { text: 'Have the job scheduler of this machine run this every hour', command: ['remind'] },
    },
  );
}

/** Every scheduler of this machine in which the job is installed, including those that are not available in this session. */
export async function findInstalled(system: System): Promise<{ scheduler: Scheduler; job: InstalledJob }[]> {
  const found = [];
  for (const scheduler of schedulers) {
    if (!scheduler.supports(system.platform)) continue;
    const job = await scheduler.installed(system);
    if (job !== null) found.push({ scheduler, job });
  }
  return found;
}

/** Runs the steps in order. Throws `E_SCHEDULE` at the first that fails, with the error message of the system. */
export async function runSteps(steps: readonly Step[], system: System): Promise<void> {
  for (const step of steps) {
    switch (step.do) {
      case 'write':
        system.write(step.path, step.content, step.encoding ?? 'utf8');
        break;
      case 'write-settings':
        system.writePrivate(step.path, step.content);
        break;
      case 'remove':
        system.remove(step.path);
        break;
      case 'run': {
        const { code, stderr } = await system.run(step.file, step.args, step.input);
        if (code !== 0 && !step.mayFail) throw failed(step, code, stderr);
      }
    }
  }
}

function failed(step: Step & { do: 'run' }, code: number | null, stderr: string): BrokerError {
  const reason = sanitizeForDisplay(stderr, 300);
  const how = code === null ? 'could not be run' : `exited with ${code}`;
  return new BrokerError(
    'E_SCHEDULE',
    `${[step.file, ...step.args].join(' ')} ${how}${reason === '' ? '.' : `: ${reason}`}`,
    { help: { text: 'To see what is installed now', command: ['schedule', 'status'] } },
  );
}

/** Describes a step for a person, with everything that it writes. */
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
      return `Write ${step.path}, readable only by you, with ${step.names.join(', ')}`;
    case 'remove':
      return `Remove ${step.path}`;
    case 'run': {
      const command = `Run ${[step.file, ...step.args].join(' ')}`;
      return step.input === undefined ? command : `${command}, with this input:\n${indented(step.input)}`;
    }
  }
}
