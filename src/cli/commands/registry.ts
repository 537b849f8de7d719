import type { Command } from 'commander';

type LoadCommand = () => Promise<{ command: () => Command }>;

/** The headings of the top-level help, in order, with the commands listed under each. */
const groups: Record<string, Record<string, LoadCommand>> = {
  'Sign in': {
    serve: () => import('./serve.ts'),
    open: () => import('./open.ts'),
    login: () => import('./login.ts'),
    import: () => import('./import.ts'),
    renew: () => import('./renew.ts'),
  },
  'Use the token': {
    get: () => import('./get.ts'),
    exec: () => import('./exec.ts'),
    copy: () => import('./copy.ts'),
    test: () => import('./test.ts'),
  },
  Deliver: {
    push: () => import('./push.ts'),
    client: () => import('./client.ts'),
  },
  Keep: {
    status: () => import('./status.ts'),
    list: () => import('./list.ts'),
    show: () => import('./show.ts'),
    token: () => import('./token.ts'),
    rename: () => import('./rename.ts'),
    remove: () => import('./remove.ts'),
    profile: () => import('./profile.ts'),
    check: () => import('./check.ts'),
    remind: () => import('./remind.ts'),
    calendar: () => import('./calendar.ts'),
    schedule: () => import('./schedule.ts'),
  },
  Operate: {
    doctor: () => import('./doctor.ts'),
    log: () => import('./log.ts'),
    key: () => import('./key.ts'),
    backup: () => import('./backup.ts'),
    restore: () => import('./restore.ts'),
    store: () => import('./store.ts'),
    completion: async () => {
      const { completionCommand } = await import('./completion.ts');
      return { command: () => completionCommand(allCommands) };
    },
  },
};

/** The heading of `webex-token help` itself. */
export const lastGroup = 'Operate:';

const commands = Object.entries(groups).flatMap(([title, members]) =>
  Object.entries(members).map(([name, load]) => ({ name, load, title })),
);

/** Loads only one command, so that it starts faster. Null if there is no command with this name. */
export async function loadCommand(name: string): Promise<Command | null> {
  const found = commands.find((each) => each.name === name);
  return found === undefined ? null : await load(found);
}

/** Every command, in the order of the help. Loading them all takes a while. */
export async function allCommands(): Promise<Command[]> {
  return await Promise.all(commands.map(load));
}

async function load(entry: (typeof commands)[number]): Promise<Command> {
  const { command } = await entry.load();
  return command().helpGroup(`${entry.title}:`);
}
