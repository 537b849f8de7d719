import { powershellString } from '../../text/quoting.ts';
import { isGroup } from './bash.ts';
import type { CommandSpecification } from './specification.ts';

/** The script for PowerShell 5.1 and newer. */
export function powershellScript(commands: CommandSpecification[]): string {
  const groups = commands.filter(({ path }) => !path.includes(' ') && isGroup(path, commands));
  const top = commands.filter(({ path }) => !path.includes(' ')).map(({ path }) => path);
  return `# webex-token completion for PowerShell. Put into $PROFILE:
#   webex-token completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName webex-token -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = @{
${commands.map(powershellEntry).join('\n')}
  }
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -ne '' -and $words.Count -gt 0) { $words = @($words | Select-Object -SkipLast 1) }
  $stored = { param($kind) webex-token completion "--$kind" 2>$null | Where-Object { $_ -cmatch '^[a-z0-9][a-z0-9._-]*\\z' } }
  $previous = if ($words.Count -gt 0) { $words[-1] } else { '' }
  $given = @($words | Where-Object { $_ -notlike '-*' })
  $path = if ($given.Count -gt 0) { $given[0] } else { '' }
  $operands = $given.Count - 1
  if (@(${list(groups.map(({ path }) => path))}) -contains $path -and $given.Count -gt 1) {
    $path = $path + ' ' + $given[1]
    $operands = $given.Count - 2
  }
  $command = $commands[$path]
  $offered = if ($null -eq $command) { @(${list([...top, '--help', '--version'])}) }
    elseif ($command.Values.ContainsKey($previous)) { $command.Values[$previous] }
    elseif ($previous -eq '--profile') { & $stored 'profiles' }
    elseif ($wordToComplete -like '-*') { $command.Options }
    elseif ($operands -gt 0) { @() }
    elseif ($command.Names -ne '') { & $stored $command.Names }
    else { $command.Words }
  @($offered) | Where-Object { $_ -and $_.StartsWith($wordToComplete, [StringComparison]::OrdinalIgnoreCase) } |
    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}`;
}

function powershellEntry({ path, options, words, names }: CommandSpecification): string {
  const values = options
    .filter((option) => option.values.length > 0)
    .map((option) => `${powershellString(option.flag)} = @(${list(option.values)})`);
  return `    ${powershellString(path)} = @{
      Options = @(${list(options.map(({ flag }) => flag))})
      Words = @(${list(words.map(({ word }) => word))})
      Names = ${powershellString(names ?? '')}
      Values = @{ ${values.join('; ')} }
    }`;
}

function list(words: string[]): string {
  return words.map(powershellString).join(', ');
}
