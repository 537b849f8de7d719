import { join } from 'node:path';
import { escaped } from '../reminders/channels/mail-body.ts';
import type { Job, Scheduler } from './scheduler.ts';
import type { System } from './system.ts';
import { unescaped } from './unescape.ts';

const label = 'webex-token.remind';

/** A launch agent of this person. */
export const launchd: Scheduler = {
  title: 'launchd (launch agent)',
  advice: null,
  isThere: async ({ platform }) => platform === 'darwin',
  install: async (job, machine) => [
    { do: 'write', path: plistFile(machine), content: plist(job) },
    { do: 'run', file: 'launchctl', args: ['bootout', `gui/${machine.userId}/${label}`], mayFail: true },
    { do: 'run', file: 'launchctl', args: ['bootstrap', `gui/${machine.userId}`, plistFile(machine)] },
  ],
  async remove(machine) {
    if ((await this.installed(machine)) === null) return [];
    return [
      { do: 'run', file: 'launchctl', args: ['bootout', `gui/${machine.userId}/${label}`], mayFail: true },
      { do: 'remove', path: plistFile(machine) },
    ];
  },
  async installed(machine) {
    const path = plistFile(machine);
    const text = machine.read(path);
    if (text === null) return null;
    const { code } = await machine.run('launchctl', ['print', `gui/${machine.userId}/${label}`]);
    return {
      place: path,
      command: commandOf(text),
      stopped: code === 0 ? null : 'launchd has not loaded it',
    };
  },
};

function plistFile({ homeFolder }: System): string {
  return join(homeFolder, 'Library', 'LaunchAgents', `${label}.plist`);
}

/** What `plist` was made of, or null. */
function commandOf(text: string): string[] | null {
  const [, words = ''] = /<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(text) ?? [];
  const command = [...words.matchAll(/<string>([\s\S]*?)<\/string>/g)].map(([, word = '']) =>
    unescaped(word),
  );
  return command.length === 0 ? null : command;
}

function plist({ command }: Job): string {
  const string = (text: string) => `<string>${escaped(text)}</string>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>${string(label)}
  <key>ProgramArguments</key>
  <array>
${command.map((word) => `    ${string(word)}`).join('\n')}
  </array>
  <key>StartInterval</key><integer>3600</integer>
  <key>RunAtLoad</key><true/>
</dict>
</plist>
`;
}
