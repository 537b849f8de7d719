import { join } from 'node:path';
import { escapeXml, unescapeXml } from '../text/xml.ts';
import type { Job, Scheduler } from './scheduler.ts';
import type { System } from './system.ts';

const label = 'webex-token.remind';

/** A launch agent of the current user. */
export const launchd: Scheduler = {
  title: 'launchd (launch agent)',
  note: null,
  supports: (platform) => platform === 'darwin',
  isAvailable: async () => true,
  install: async (job, system) => [
    { do: 'write', path: plistFile(system), content: plist(job) },
    { do: 'run', file: 'launchctl', args: ['bootout', `gui/${system.userId}/${label}`], mayFail: true },
    { do: 'run', file: 'launchctl', args: ['bootstrap', `gui/${system.userId}`, plistFile(system)] },
  ],
  async remove(system) {
    if ((await this.installed(system)) === null) return [];
    return [
      { do: 'run', file: 'launchctl', args: ['bootout', `gui/${system.userId}/${label}`], mayFail: true },
      { do: 'remove', path: plistFile(system) },
    ];
  },
  async installed(system) {
    const path = plistFile(system);
    const text = system.read(path);
    if (text === null) return null;
    const { code } = await system.run('launchctl', ['print', `gui/${system.userId}/${label}`]);
    return {
      location: path,
      command: commandOf(text),
      inactiveReason: code === 0 ? null : 'launchd has not loaded it',
    };
  },
};

function plistFile({ homeFolder }: System): string {
  return join(homeFolder, 'Library', 'LaunchAgents', `${label}.plist`);
}

/** The command that `plist` wrote, or null. */
function commandOf(text: string): string[] | null {
  const [, words = ''] = /<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(text) ?? [];
  const command = [...words.matchAll(/<string>([\s\S]*?)<\/string>/g)].map(([, word = '']) =>
    unescapeXml(word),
  );
  return command.length === 0 ? null : command;
}

function plist({ command }: Job): string {
  const string = (text: string) => `<string>${escapeXml(text)}</string>`;
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
