import { join } from 'node:path';
import type { Job, Scheduler } from './scheduler.ts';
import type { System } from './system.ts';

const name = 'webex-token-remind';

/** A timer in the systemd instance of the current user. */
export const systemd: Scheduler = {
  title: 'systemd (user timer)',
  note: 'The timer runs while you are logged in. To run it at all times: loginctl enable-linger',
  supports: (platform) => platform === 'linux',
  isAvailable: async ({ run }) => (await run('systemctl', ['--user', 'show-environment'])).code === 0,
  install: async (job, system) => [
    { do: 'write', path: unitFile(system, 'service'), content: service(job) },
    { do: 'write', path: unitFile(system, 'timer'), content: timer },
    { do: 'run', file: 'systemctl', args: ['--user', 'daemon-reload'] },
    { do: 'run', file: 'systemctl', args: ['--user', 'enable', '--now', `${name}.timer`] },
  ],
  async remove(system) {
    if ((await this.installed(system)) === null) return [];
    return [
      { do: 'run', file: 'systemctl', args: ['--user', 'disable', '--now', `${name}.timer`], mayFail: true },
      { do: 'remove', path: unitFile(system, 'timer') },
      { do: 'remove', path: unitFile(system, 'service') },
      { do: 'run', file: 'systemctl', args: ['--user', 'daemon-reload'], mayFail: true },
    ];
  },
  async installed(system) {
    const path = unitFile(system, 'timer');
    if (system.read(path) === null) return null;
    const { code } = await system.run('systemctl', ['--user', 'is-active', `${name}.timer`]);
    return {
      location: path,
      command: commandOf(system.read(unitFile(system, 'service')) ?? ''),
      inactiveReason: code === 0 ? null : isInactive(code) ? 'its timer is not active' : noSession,
    };
  },
};

/** By the exit code of `systemctl is-active`: a unit that is not active, or not known. */
const isInactive = (code: number | null) => code === 3 || code === 4;

/** For example after `su`, or in a container. */
const noSession = 'systemd does not run for this account in this session';

function unitFile({ environment, homeFolder }: System, kind: 'service' | 'timer'): string {
  const config = environment.XDG_CONFIG_HOME || join(homeFolder, '.config');
  return join(config, 'systemd', 'user', `${name}.${kind}`);
}

function service({ command }: Job): string {
  return `[Unit]
Description=Sends the webex-token reminders that are due

[Service]
Type=oneshot
ExecStart=${line(command)}
`;
}

/** Starts a program whose path systemd would reject. */
const shell = ['/bin/sh', '-c', 'exec "$0" "$@"'];

/**
 * The path of the program must contain neither quotes nor backslashes. systemd does not expand variables in it, but does
 * in arguments, unless `$` is doubled.
 */
function line(command: string[]): string {
  const [program = '', ...rest] = /^[^'"\\]+$/.test(command[0] ?? '') ? command : [...shell, ...command];
  return [quoted(program), ...rest.map((word) => quoted(word).replaceAll('$', '$$$$'))].join(' ');
}

/** The command that `service` wrote, or null. */
function commandOf(unit: string): string[] | null {
  const [, text] = /^ExecStart=("(?:[^"\\]|\\.)*"(?: "(?:[^"\\]|\\.)*")*)$/m.exec(unit) ?? [];
  if (text === undefined) return null;
  const words = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = ''], index) => {
    const plain = word.replace(/\\(.)/g, '$1').replaceAll('%%', '%');
    return index === 0 ? plain : plain.replaceAll('$$', '$');
  });
  return shell.every((word, index) => words[index] === word) ? words.slice(shell.length) : words;
}

// Persistent: a run that was missed while the machine was off happens at the next start.
const timer = `[Unit]
Description=Runs the webex-token reminders every hour

[Timer]
OnCalendar=hourly
RandomizedDelaySec=10min
Persistent=true

[Install]
WantedBy=timers.target
`;

/** systemd.syntax(7): C-style escapes within double quotes, and `%` doubled. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}
