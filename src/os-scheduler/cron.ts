import type { Job, Scheduler } from './scheduler.ts';
import type { System } from './system.ts';

const begin = '# webex-token: its own lines begin here';
const end = '# webex-token: its own lines end here';

/** Lines of our own in this person's crontab; the others stay as they are. */
export const cron: Scheduler = {
  title: 'cron',
  advice: 'What could not be sent is told by the mail that cron sends to you on this machine.',
  async isThere(machine) {
    return machine.platform !== 'win32' && (await crontab(machine)) !== null;
  },
  async install(job, machine) {
    const others = withoutOurs((await crontab(machine)) ?? '');
    return [table([...others, begin, line(job), end])];
  },
  async remove(machine) {
    const now = (await crontab(machine)) ?? '';
    const others = withoutOurs(now);
    if (!now.includes(begin)) return [];
    return others.length === 0 ? [{ do: 'run', file: 'crontab', args: ['-r'] }] : [table(others)];
  },
  async installed(machine) {
    const lines = (await crontab(machine))?.split('\n') ?? [];
    const from = lines.indexOf(begin);
    if (from < 0) return null;
    return { place: 'your crontab', command: commandOf(lines[from + 1] ?? ''), stopped: null };
  },
};

function table(lines: string[]) {
  return { do: 'run' as const, file: 'crontab', args: ['-'], input: `${lines.join('\n')}\n` };
}

/** The crontab as it is, empty where there is none; null where there is no cron, or it is not ours to use. */
async function crontab({ run }: System): Promise<string | null> {
  const { code, stdout, stderr } = await run('crontab', ['-l']);
  if (code === 0) return stdout;
  return code !== null && /no crontab/i.test(stderr) ? '' : null;
}

function withoutOurs(text: string): string[] {
  const lines = text.replace(/\n$/, '').split('\n');
  const from = lines.indexOf(begin);
  const to = lines.indexOf(end, from);
  const others = from < 0 || to < 0 ? lines : [...lines.slice(0, from), ...lines.slice(to + 1)];
  return others.length === 1 && others[0] === '' ? [] : others;
}

/** At 17 minutes past, when fewer others do. What was sent is no news; what was not goes to standard error. */
function line({ command }: Job): string {
  const words = [...command.map(quoted), '>/dev/null'];
  // crontab(5): an unescaped percent sign ends the command.
  return `17 * * * * ${words.join(' ').replaceAll('%', '\\%')}`;
}

/** What `line` was made of, or null. */
function commandOf(line: string): string[] | null {
  const [, words] = /^17 \* \* \* \* ((?:'[^']*'|\\')+(?: (?:'[^']*'|\\')+)*) >\/dev\/null$/.exec(line) ?? [];
  if (words === undefined) return null;
  return [...words.replaceAll('\\%', '%').matchAll(/(?:'[^']*'|\\')+/g)].map(([word]) =>
    word.replace(/'([^']*)'|\\(')/g, '$1$2'),
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
