import { join } from 'node:path';
import type { Job, Scheduler } from './scheduler.ts';
import type { System } from './system.ts';

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
    if (machine.read(path) === null) return null;
    const { code } = await machine.run('systemctl', ['--user', 'is-active', `${name}.timer`]);
    return {
      place: path,
      command: commandOf(machine.read(unitFile(machine, 'service')) ?? ''),
      stopped: code === 0 ? null : 'its timer is not active',
    };
  },
};

function unitFile({ environment, homeFolder }: System, kind: 'service' | 'timer'): string {
  const config = environment.XDG_CONFIG_HOME || join(homeFolder, '.config');
  return join(config, 'systemd', 'user', `${name}.${kind}`);
}

function service({ command }: Job): string {
  return `[Unit]
Description=Reminders of webex-token: sends what is due

[Service]
Type=oneshot
ExecStart=${line(command)}
`;
}

/** Starts a program whose own path systemd would refuse. */
const shell = ['/bin/sh', '-c', 'exec "$0" "$@"'];

/**
 * The program's own path may hold neither quotes nor backslashes, and variables are not expanded in it; in arguments they
 * are, unless `$` is written twice.
 */
function line(command: string[]): string {
  const [program = '', ...rest] = /^[^'"\\]+$/.test(command[0] ?? '') ? command : [...shell, ...command];
  return [quoted(program), ...rest.map((word) => quoted(word).replaceAll('$', '$$$$'))].join(' ');
}

/** What `service` was made of, or null. */
function commandOf(unit: string): string[] | null {
  const [, text] = /^ExecStart=("(?:[^"\\]|\\.)*"(?: "(?:[^"\\]|\\.)*")*)$/m.exec(unit) ?? [];
  if (text === undefined) return null;
  const words = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = ''], index) => {
    const plain = word.replace(/\\(.)/g, '$1').replaceAll('%%', '%');
    return index === 0 ? plain : plain.replaceAll('$$', '$');
  });
  return shell.every((word, index) => words[index] === word) ? words.slice(shell.length) : words;
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
