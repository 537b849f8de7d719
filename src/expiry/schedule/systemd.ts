import { join } from 'node:path';
import type { Machine } from './machine.ts';
import type { Job, Scheduler } from './scheduler.ts';

const name = 'webex-token-remind';

/** A timer of this person's own systemd. */
export const systemd: Scheduler = {
  title: 'systemd (user timer)',
  advice:
    'It runs while you are logged in. On a machine where nobody is: loginctl enable-linger lets it run all the time.',
  async isThere({ platform, run }) {
    if (platform !== 'linux') return false;
    return (await run('systemctl', ['--user', 'show-environment'])).code === 0;
  },
  install: async (job, machine) => [
    { do: 'write', path: unitFile(machine, 'service'), content: service(job) },
    { do: 'write', path: unitFile(machine, 'timer'), content: timer },
    { do: 'run', file: 'systemctl', args: ['--user', 'daemon-reload'] },
    { do: 'run', file: 'systemctl', args: ['--user', 'enable', '--now', `${name}.timer`] },
  ],
  async remove(machine) {
    if ((await this.installed(machine)) === null) return [];
    return [
      { do: 'run', file: 'systemctl', args: ['--user', 'disable', '--now', `${name}.timer`], mayFail: true },
      { do: 'remove', path: unitFile(machine, 'timer') },
      { do: 'remove', path: unitFile(machine, 'service') },
      { do: 'run', file: 'systemctl', args: ['--user', 'daemon-reload'] },
    ];
  },
  async installed(machine) {
    const path = unitFile(machine, 'timer');
    return machine.read(path) === null ? null : path;
  },
};

function unitFile({ environment, homeFolder }: Machine, kind: 'service' | 'timer'): string {
  const config = environment.XDG_CONFIG_HOME || join(homeFolder, '.config');
  return join(config, 'systemd', 'user', `${name}.${kind}`);
}

function service({ command, environment }: Job): string {
  const settings = Object.entries(environment).map(
    ([key, value]) => `Environment=${quoted(`${key}=${value}`)}`,
  );
  return `[Unit]
Description=Reminders of webex-token: sends what is due

[Service]
Type=oneshot
${[...settings, `ExecStart=${command.map((word) => quoted(word).replaceAll('$', '$$$$')).join(' ')}`].join('\n')}
`;
}

// Persistent: what was missed while the machine was off is made up for.
const timer = `[Unit]
Description=Reminders of webex-token, every hour

[Timer]
OnCalendar=hourly
RandomizedDelaySec=10min
Persistent=true

[Install]
WantedBy=timers.target
`;

/** systemd.syntax(7): C-style escapes within double quotes, and `%` twice. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}
