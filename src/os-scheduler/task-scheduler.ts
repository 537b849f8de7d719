import { join } from 'node:path';
import { BrokerError } from '../errors/broker-error.ts';
import { escapeXml, unescapeXml } from '../text/xml.ts';
import type { Job, Scheduler } from './scheduler.ts';
import type { System } from './system.ts';

const taskName = 'webex-token remind';

/** A task of the current user in the Windows Task Scheduler. */
export const taskScheduler: Scheduler = {
  title: 'Task Scheduler',
  note: 'The task runs while you are signed in to Windows.',
  supports: (platform) => platform === 'win32',
  isAvailable: async () => true,
  install: async (job, system) => [
    // schtasks reads only UTF-16.
    { do: 'write', path: xmlFile(system), content: `\ufeff${task(job)}`, encoding: 'utf16le' },
    {
      do: 'run',
      file: 'schtasks.exe',
      args: ['/Create', '/TN', taskName, '/XML', xmlFile(system), '/F'],
    },
    { do: 'remove', path: xmlFile(system) },
  ],
  async remove(system) {
    if ((await this.installed(system)) === null) return [];
    return [{ do: 'run', file: 'schtasks.exe', args: ['/Delete', '/TN', taskName, '/F'] }];
  },
  async installed({ run }) {
    const { code, stdout } = await run('schtasks.exe', ['/Query', '/TN', taskName, '/XML']);
    if (code !== 0) return null;
    return {
      location: `the task "${taskName}"`,
      command: commandOf(stdout),
      inactiveReason: /<Settings>[\s\S]*<Enabled>false<\/Enabled>[\s\S]*<\/Settings>/.test(stdout)
        ? 'the task is disabled'
        : null,
    };
  },
};

function xmlFile({ environment, homeFolder }: System): string {
  return join(environment.TEMP || homeFolder, 'webex-token-remind.xml');
}

/** The command that `task` wrote, or null. */
function commandOf(xml: string): string[] | null {
  const [, words] = /<Arguments>--headless ([\s\S]*?)<\/Arguments>/.exec(xml) ?? [];
  if (words === undefined) return null;
  return [...unescapeXml(words).matchAll(/"([^"]*)"/g)].map(([, word = '']) => word);
}

/** conhost without a console window, because a console program would open one every hour. */
function task({ command }: Job): string {
  // The Task Scheduler expands these and has no escape for them. A Windows path contains no quotes.
  if (command.some((word) => /%[^%]+%|\$\(|"/.test(word))) {
    throw new BrokerError(
      'E_SCHEDULE',
      'A directory name contains %NAME% or $(NAME), which the Task Scheduler would expand.',
      {
        help: 'Move the program or the data directory (WEBEX_TOKEN_HOME) to a directory without such a name.',
      },
    );
  }
  const words = ['--headless', ...command.map((word) => `"${word}"`)];
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Sends the webex-token reminders that are due</Description></RegistrationInfo>
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
    <Exec><Command>conhost.exe</Command><Arguments>${escapeXml(words.join(' '))}</Arguments></Exec>
  </Actions>
</Task>
`;
}
