/** One thing that a person can do about an error. */
export interface Remedy {
  /** A sentence; or, with a command or a link, the words before it. */
  text: string;
  /** The arguments of `webex-token`: shown in a terminal, and on a page that has no link for it. */
  command?: readonly string[];
  /** The page of the web app that does the same. */
  link?: { label: string; path: string };
  /** Where it makes sense; in both where absent. */
  only?: 'terminal' | 'page';
}

/** How an error is made: a sentence stands for a remedy without a command. */
export type Help = string | Remedy | readonly (string | Remedy)[];

export function remediesOf(help: Help | undefined): readonly Remedy[] {
  if (help === undefined) return [];
  const list = Array.isArray(help) ? (help as readonly (string | Remedy)[]) : [help as string | Remedy];
  return list.map((each) => (typeof each === 'string' ? { text: each } : each));
}

/** The remedies as a terminal shows them, a line each. */
export function terminalHelp(remedies: readonly Remedy[]): string {
  return remedies
    .filter(({ only }) => only !== 'page')
    .map(({ text, command }) => (command === undefined ? text : `${text}: ${commandLine(command)}`))
    .join('\n');
}

/** What a page shows of the remedies: a link where there is one, else the command. */
export interface PageRemedy {
  text: string;
  command: string | null;
  link: { label: string; path: string } | null;
}

export function pageHelp(remedies: readonly Remedy[]): PageRemedy[] {
  return remedies
    .filter(({ only }) => only !== 'terminal')
    .map(({ text, command, link }) => ({
      text,
      command: command === undefined || link !== undefined ? null : commandLine(command),
      link: link ?? null,
    }));
}

/** What a page shows of the remedies as plain text: null without any. */
export function pageHelpText(remedies: readonly PageRemedy[]): string | null {
  if (remedies.length === 0) return null;
  return remedies
    .map(({ text, command, link }) =>
      [text, command ?? link?.label].filter((part) => part !== undefined).join(': '),
    )
    .join(' ');
}

/** A command as a person types it. Names of profiles and IDs need no quotes; placeholders are in capitals. */
export function commandLine(command: readonly string[]): string {
  return ['webex-token', ...command].join(' ');
}
