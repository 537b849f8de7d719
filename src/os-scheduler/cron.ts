import { shellString } from '../text/quoting.ts';
import type { Job, Scheduler } from './scheduler.ts';
import type { System } from './system.ts';

const begin = '# BEGIN webex-token';
const end = '# END webex-token';

/** A marked block in the current user's crontab; every other line stays unchanged. */
export const cron: Scheduler = {
  title: 'cron',
  note: 'If a reminder cannot be sent, cron reports it by local mail.',
  supports: (platform) => platform !== 'win32',
  isAvailable: async (system) => (await crontab(system)) !== null,
  async install(job, system) {
    const others = withoutOwnBlock((await crontab(system)) ?? '');
    return [table([...others, begin, line(job), end])];
  },
  async remove(system) {
    const current = (await crontab(system)) ?? '';
    const others = withoutOwnBlock(current);
    if (!current.includes(begin)) return [];
    return others.length === 0 ? [{ do: 'run', file: 'crontab', args: ['-r'] }] : [table(others)];
  },
  async installed(system) {
    const lines = (await crontab(system))?.split('\n') ?? [];
    const from = lines.indexOf(begin);
    if (from < 0) return null;
    return { location: 'your crontab', command: commandOf(lines[from + 1] ?? ''), inactiveReason: null };
  },
};

function table(lines: string[]) {
  return { do: 'run' as const, file: 'crontab', args: ['-'], input: `${lines.join('\n')}\n` };
}

/** The current crontab, empty if there is none; null if cron is missing or this user may not use it. */
async function crontab({ run }: System): Promise<string | null> {
  const { code, stdout, stderr } = await run('crontab', ['-l']);
  if (code === 0) return stdout;
  return code !== null && /no crontab/i.test(stderr) ? '' : null;
}

function withoutOwnBlock(text: string): string[] {
  const lines = text.replace(/\n$/, '').split('\n');
  const from = lines.indexOf(begin);
  const to = lines.indexOf(end, from);
  const others = from < 0 || to < 0 ? lines : [...lines.slice(0, from), ...lines.slice(to + 1)];
  return others.length === 1 && others[0] === '' ? [] : others;
}

/** At 17 minutes past the hour, when fewer jobs run. Only failures, on standard error, are mailed by cron. */
function line({ command }: Job): string {
  const words = [...command.map(shellString), '>/dev/null'];
  // crontab(5): an unescaped percent sign ends the command.
  return `17 * * * * ${words.join(' ').replaceAll('%', '\\%')}`;
}

/** The command that `line` wrote, or null. */
function commandOf(line: string): string[] | null {
  const [, words] = /^17 \* \* \* \* ((?:'[^']*'|\\')+(?: (?:'[^']*'|\\')+)*) >\/dev\/null$/.exec(line) ?? [];
  if (words === undefined) return null;
  return [...words.replaceAll('\\%', '%').matchAll(/(?:'[^']*'|\\')+/g)].map(([word]) =>
    word.replace(/'([^']*)'|\\(')/g, '$1$2'),
  );
}
