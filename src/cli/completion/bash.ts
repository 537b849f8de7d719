import type { CommandSpecification } from './specification.ts';

/** The script for bash. It does not need the package bash-completion. */
export function bashScript(commands: CommandSpecification[]): string {
  const groups = commands.filter(({ path }) => !path.includes(' ') && isGroup(path, commands));
  const top = commands.filter(({ path }) => !path.includes(' ')).map(({ path }) => path);
  return `# webex-token completion for bash. Put into ~/.bashrc:  source <(webex-token completion bash)
_webex_token() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" operands=0 word i each
  local options="--help --version" words="${top.join(' ')}" names="" values="" IFS=$' \t\n'
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in -*) continue ;; esac
    case "$path" in
      "") path="$word" ;;
      ${groups.map(({ path }) => path).join('|') || '-'}) path="$path $word" ;;
      *) operands=$((operands + 1)) ;;
    esac
  done
  case "$path" in
${commands.map(bashCase).join('\n')}
  esac
  [ "$operands" -gt 0 ] && { words=""; names=""; }
  if [ -n "$values" ]; then
    words="$values" names=""
  elif [[ "$current" == -* ]]; then
    words="$options" names=""
  fi
  if [ -n "$names" ]; then
    while IFS= read -r each; do
      [[ "$each" == "$current"* && "$each" =~ ^[a-z0-9][a-z0-9._-]*$ ]] && COMPREPLY+=("$each")
    done < <(webex-token completion "--$names" 2>/dev/null)
  else
    # Not compgen -W, which would expand the words again.
    for each in $words; do
      [[ "$each" == "$current"* ]] && COMPREPLY+=("$each")
    done
  fi
}
complete -o default -F _webex_token webex-token`;
}

function bashCase({ path, options, words, names }: CommandSpecification): string {
  const flags = options.map(({ flag }) => flag).join(' ');
  const ofOptions = options
    .filter(({ takesValue }) => takesValue)
    .map(({ flag, values }) =>
      flag === '--profile'
        ? `        ${flag}) names="profiles" operands=0 ;;`
        : `        ${flag}) values="${values.join(' ') || ' '}" ;;`,
    );
  const choose =
    ofOptions.length === 0 ? '' : `\n      case "$previous" in\n${ofOptions.join('\n')}\n      esac`;
  return `    "${path}")
      options="${flags}" words="${words.map(({ word }) => word).join(' ')}" names="${names ?? ''}"${choose} ;;`;
}

/** Whether a command has subcommands. */
export function isGroup(path: string, commands: CommandSpecification[]): boolean {
  return commands.some((each) => each.path.startsWith(`${path} `));
}
