import { join } from 'node:path';
import { escaped } from '../mail-body.ts';
import type { Machine } from './machine.ts';
import type { Job, Scheduler } from './scheduler.ts';

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
    return machine.read(path) === null ? null : path;
  },
};

function plistFile({ homeFolder }: Machine): string {
  return join(homeFolder, 'Library', 'LaunchAgents', `${label}.plist`);
}

function plist({ command, environment }: Job): string {
  const string = (text: string) => `<string>${escaped(text)}</string>`;
  const settings = Object.entries(environment).map(
    ([key, value]) => `    <key>${escaped(key)}</key>${string(value)}`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>${string(label)}
  <key>ProgramArguments</key>
  <array>
${command.map((word) => `    ${string(word)}`).join('\n')}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${settings.join('\n')}
  </dict>
  <key>StartInterval</key><integer>3600</integer>
  <key>RunAtLoad</key><true/>
</dict>
</plist>
`;
}
