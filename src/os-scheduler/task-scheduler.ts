import { join } from 'node:path';
import { BrokerError } from '../errors/broker-error.ts';
import { escaped } from '../reminders/channels/mail-body.ts';
import type { Job, Scheduler } from './scheduler.ts';
import type { System } from './system.ts';
import { unescaped } from './unescape.ts';

const taskName = 'webex-token remind';

/** A task of this person in the Windows Task Scheduler. */
export const taskScheduler: Scheduler = {
  title: 'Task Scheduler',
  advice: 'It runs while you are signed in to Windows.',
  isThere: async ({ platform }) => platform === 'win32',
  install: async (job, machine) => [
    // schtasks reads it as UTF-16 only.
    { do: 'write', path: xmlFile(machine), content: `\ufeff${task(job)}`, encoding: 'utf16le' },
    {
      do: 'run',
      file: 'schtasks.exe',
      args: ['/Create', '/TN', taskName, '/XML', xmlFile(machine), '/F'],
    },
    { do: 'remove', path: xmlFile(machine) },
  ],
  async remove(machine) {
    if ((await this.installed(machine)) === null) return [];
    return [{ do: 'run', file: 'schtasks.exe', args: ['/Delete', '/TN', taskName, '/F'] }];
  },
  async installed({ run }) {
    const { code, stdout } = await run('schtasks.exe', ['/Query', '/TN', taskName, '/XML']);
    if (code !== 0) return null;
    return {
      place: `the task "${taskName}"`,
      command: commandOf(stdout),
      stopped: /<Settings>[\s\S]*<Enabled>false<\/Enabled>[\s\S]*<\/Settings>/.test(stdout)
        ? 'it is disabled'
        : null,
    };
  },
};

function xmlFile({ environment, homeFolder }: System): string {
  return join(environment.TEMP || homeFolder, 'webex-token-remind.xml');
}

/** What `task` was made of, or null. */
function commandOf(xml: string): string[] | null {
  const [, words] = /<Arguments>--headless ([\s\S]*?)<\/Arguments>/.exec(xml) ?? [];
  if (words === undefined) return null;
  return [...unescaped(words).matchAll(/"([^"]*)"/g)].map(([, word = '']) => word);
}

/** Without a console window: conhost has none when it is headless. */
function task({ command }: Job): string {
  // The Task Scheduler expands these, and knows no way to write them otherwise. A path on Windows has no quotes.
  if (command.some((word) => /%[^%]+%|\$\(|"/.test(word))) {
    throw new BrokerError(
      'E_SCHEDULE',
      'A folder’s name has a part like %NAME% or $(NAME), which the Task Scheduler would replace.',
      {
        help: 'Move the program, or the data folder (WEBEX_TOKEN_HOME), to another folder.',
      },
    );
  }
  const words = ['--headless', ...command.map((word) => `"${word}"`)];
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Reminders of webex-token: sends what is due</Description></RegistrationInfo>
  <Triggers>
    <TimeTrigger>
      <StartBoundary>2020-01-01T00:17:00</StartBoundary>
      <Repetition><Interval>PT1H</Interval></Repetition>
    </TimeTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT30M</ExecutionTimeLimit>
  </Settings>
  <Actions>
    <Exec><Command>conhost.exe</Command><Arguments>${escaped(words.join(' '))}</Arguments></Exec>
  </Actions>
</Task>
`;
}
