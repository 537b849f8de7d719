import { shellString } from '../../text/quoting.ts';
import { isGroup } from './bash.ts';
import type { CommandSpecification } from './specification.ts';

/** The script for zsh. In zsh, `path` is the search path for programs, so the command is in `verb`. */
export function zshScript(commands: CommandSpecification[]): string {
  const groups = commands.filter(({ path }) => !path.includes(' ') && isGroup(path, commands));
  const top = commands
    .filter(({ path }) => !path.includes(' '))
    .map(({ path, description }) => ({ word: path, description }));
  return `#compdef webex-token
# webex-token completion for zsh. Put into ~/.zshrc, after compinit:  source <(webex-token completion zsh)
_webex_token() {
  local previous="\${words[CURRENT-1]}" verb="" operands=0 i word each names=""
  local -a offered flags values stored
  offered=(${described(top)})
  flags=('--help:show help' '--version:print the version')
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    [[ "$word" == -* ]] && continue
    case "$verb" in
      "") verb="$word" ;;
      ${groups.map(({ path }) => path).join('|') || '-'}) verb="$verb $word" ;;
      *) ((operands++)) ;;
    esac
  done
  case "$verb" in
${commands.map(zshCase).join('\n')}
  esac
  ((operands > 0)) && { offered=(); names=""; }
  if ((\${#values})); then
    compadd -a values
  elif [[ "\${words[CURRENT]}" == -* ]]; then
    _describe option flags
  elif [[ -n "$names" ]]; then
    for each in \${(f)"$(webex-token completion "--$names" 2>/dev/null)"}; do
      [[ "$each" =~ '^[a-z0-9][a-z0-9._-]*$' ]] && stored+=("$each")
    done
    compadd -a stored
  elif ((\${#offered})); then
    _describe command offered
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == "_webex_token" ]]; then _webex_token; else compdef _webex_token webex-token; fi`;
}

function zshCase({ path, options, words, names }: CommandSpecification): string {
  const flags = options.map(({ flag, description }) => ({ word: flag, description }));
  const ofOptions = options
    .filter(({ flag, values }) => values.length > 0 || flag === '--profile')
    .map(({ flag, values }) =>
      flag === '--profile'
        ? `        ${flag}) names="profiles" operands=0 ;;`
        : `        ${flag}) values=(${values.join(' ')}) ;;`,
    );
  const choose =
    ofOptions.length === 0 ? '' : `\n      case "$previous" in\n${ofOptions.join('\n')}\n      esac`;
  return `    "${path}")
      flags=(${described(flags)}) offered=(${described(words)}) names="${names ?? ''}"${choose} ;;`;
}

function described(words: { word: string; description: string }[]): string {
  return words.map(({ word, description }) => shellString(`${word}:${description}`)).join(' ');
}
