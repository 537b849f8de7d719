import { isInstalled, packageRoot } from '../program-files.ts';

/** One action that a person can take to resolve an error. */
export interface Remedy {
  /** A sentence, or the text before the command or link. */
  text: string;
  /** The arguments of `webex-token`, shown in a terminal, and on a page if there is no link. */
  command?: readonly string[];
  /** The page of the web app for the same action. */
  link?: { label: string; path: string };
  /** Where to show it. Default: both. */
  only?: 'terminal' | 'page';
}

/** The remedies passed to a new error. A string is a remedy without a command. */
export type Help = string | Remedy | readonly (string | Remedy)[];

export function remediesOf(help: Help | undefined): readonly Remedy[] {
  if (help === undefined) return [];
  const list = Array.isArray(help) ? (help as readonly (string | Remedy)[]) : [help as string | Remedy];
  return list.map((each) => (typeof each === 'string' ? { text: each } : each));
}

/** The remedies for a terminal, one per line. */
export function terminalHelp(remedies: readonly Remedy[]): string {
  return remedies
    .filter(({ only }) => only !== 'page')
    .map(({ text, command }) => (command === undefined ? text : `${text}: ${commandLine(command)}`))
    .join('\n');
}

/** A remedy for a page: with a link if there is one, or else with the command. */
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

/** The remedies for a page as plain text; null if there are none. */
export function pageHelpText(remedies: readonly PageRemedy[]): string | null {
  if (remedies.length === 0) return null;
  return remedies
    .map(({ text, command, link }) =>
      [text, command ?? link?.label].filter((part) => part !== undefined).join(': '),
    )
    .join(' ');
}

/**
 * A command to type, in the folder of the program if it is a checkout: there, `webex-token` is not on the PATH, and npx
 * starts it. Profile names and IDs need no quotes. Placeholders are in uppercase.
 */
export function commandLine(command: readonly string[], root = packageRoot): string {
  return [...(isInstalled(root) ? [] : ['npx']), 'webex-token', ...command].join(' ');
}
