import { Argument, Command, Option } from 'commander';
import { environmentWithDotEnv } from '../../environment/environment.ts';
import type { CommandSpecification } from '../completion/specification.ts';
import { storedNames } from '../completion/stored-names.ts';
import { print, printExactly } from '../terminal/terminal.ts';

const shells: Record<string, () => Promise<(commands: CommandSpecification[]) => string>> = {
  bash: async () => (await import('../completion/bash.ts')).bashScript,
  zsh: async () => (await import('../completion/zsh.ts')).zshScript,
  fish: async () => (await import('../completion/fish.ts')).fishScript,
  powershell: async () => (await import('../completion/powershell.ts')).powershellScript,
};

export function command(): Command {
  return new Command('completion')
    .description('Print what a shell needs to complete commands, options and profile names.')
    .addArgument(new Argument('[shell]', 'which').choices(Object.keys(shells)))
    .addOption(new Option('--profiles', 'the names of the profiles, for those scripts').hideHelp())
    .addOption(new Option('--clients', 'the names of the clients').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  source <(webex-token completion bash)         in ~/.bashrc
  source <(webex-token completion zsh)          in ~/.zshrc, after compinit
  webex-token completion fish > ~/.config/fish/completions/webex-token.fish
  webex-token completion powershell | Out-String | Invoke-Expression    in $PROFILE`,
    )
    .action(completion);
}

async function completion(
  this: Command,
  shell: string | undefined,
  options: { profiles?: boolean; clients?: boolean },
): Promise<void> {
  if (options.profiles || options.clients) {
    const names = await storedNames(
      options.profiles ? 'profiles' : 'clients',
      environmentWithDotEnv(process.env),
    );
    if (names.length > 0) print(names.join('\n'));
    return;
  }
  const script = await shells[shell ?? '']?.();
  if (script === undefined)
    this.error(`error: missing required argument 'shell' (${Object.keys(shells).join(', ')})`);
  const [{ specify }, { allCommands }] = await Promise.all([
    import('../completion/specification.ts'),
    import('../main.ts'),
  ]);
  printExactly(script(specify(await allCommands())));
}
