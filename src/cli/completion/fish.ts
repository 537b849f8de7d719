import type { CommandSpecification } from './specification.ts';

/** The script for fish. */
export function fishScript(commands: CommandSpecification[]): string {
  const lines = commands.flatMap(fishLines);
  return `# webex-token completion for fish. Save as ~/.config/fish/completions/webex-token.fish
function __webex_token_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l given (string match -v -- '-*' $words)
    test "$given" = "$argv"
end
function __webex_token_in
    set -l words (commandline -opc)
    set -e words[1]
    set -l given (string match -v -- '-*' $words)
    string match -q -- "$argv *" "$given "
end
function __webex_token_names
    webex-token completion --$argv[1] 2>/dev/null | string match -r '^[a-z0-9][a-z0-9._-]*$'
end
complete -c webex-token -f
${lines.join('\n')}`;
}

function fishLines({ path, description, options, words, names }: CommandSpecification): string[] {
  const complete = (condition: string, rest: string) =>
    `complete -c webex-token -n ${quoted(condition)} ${rest}`;
  const lines: string[] = [];
  if (!path.includes(' ')) lines.push(complete('__webex_token_at', `-a ${path} -d ${quoted(description)}`));
  for (const each of words) {
    lines.push(complete(`__webex_token_at ${path}`, `-a ${each.word} -d ${quoted(each.description)}`));
  }
  if (names !== null) lines.push(complete(`__webex_token_at ${path}`, `-a '(__webex_token_names ${names})'`));
  for (const { flag, description: about, takesValue, values } of options) {
    const value =
      flag === '--profile'
        ? " -x -a '(__webex_token_names profiles)'"
        : values.length > 0
          ? ` -x -a ${quoted(values.join(' '))}`
          : takesValue
            ? ' -r -F'
            : '';
    lines.push(complete(`__webex_token_in ${path}`, `-l ${flag.slice(2)} -d ${quoted(about)}${value}`));
  }
  return lines;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
