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

/** `loadCommands` returns every command of the program. It is passed in because the list of commands includes this one. */
export function completionCommand(loadCommands: () => Promise<Command[]>): Command {
  return new Command('completion')
    .description('Print a shell script that completes commands, options and names.')
    .addArgument(new Argument('[shell]', 'the shell').choices(Object.keys(shells)))
    .addOption(new Option('--profiles', 'print the names of the profiles, for the scripts').hideHelp())
    .addOption(new Option('--clients', 'print the names of the API clients').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  source <(webex-token completion bash)         in ~/.bashrc
  source <(webex-token completion zsh)          in ~/.zshrc, after compinit
  webex-token completion fish > ~/.config/fish/completions/webex-token.fish
  webex-token completion powershell | Out-String | Invoke-Expression    in $PROFILE`,
    )
    .action(async function (this: Command, shell: string | undefined, options: NameOptions) {
      if (options.profiles || options.clients) return await printNames(options);
      await printScript(this, shell, loadCommands);
    });
}

interface NameOptions {
  profiles?: boolean;
  clients?: boolean;
}

async function printNames({ profiles }: NameOptions): Promise<void> {
  const names = await storedNames(profiles ? 'profiles' : 'clients', environmentWithDotEnv(process.env));
  if (names.length > 0) print(names.join('\n'));
}

async function printScript(
  command: Command,
  shell: string | undefined,
  loadCommands: () => Promise<Command[]>,
): Promise<void> {
  const script = await shells[shell ?? '']?.();
  if (script === undefined) {
    command.error(`error: missing required argument 'shell' (${Object.keys(shells).join(', ')})`);
  }
  const { specify } = await import('../completion/specification.ts');
  printExactly(script(specify(await loadCommands())));
}
