import { Command } from 'commander';
import { runDiagnostics } from '../../server/diagnostics/run-diagnostics.ts';
import { failed } from '../exit-codes.ts';
import { print, printJson, styled } from '../terminal/terminal.ts';

export function command(): Command {
  return new Command('doctor')
    .description('What is wrong with this set-up, and how to mend it.')
    .option('--json', 'as an object, for programs')
    .addHelpText('after', '\nExample:\n  webex-token doctor')
    .action(doctor);
}

async function doctor(options: { json?: boolean }): Promise<void> {
  const findings = await runDiagnostics();
  const ok = findings.every((finding) => finding.ok !== false);
  if (options.json) printJson({ ok, findings });
  else {
    for (const { ok: well, title, message, help } of findings) {
      const mark = well === null ? styled('dim', '–') : well ? styled('green', '✓') : styled('red', '✗');
      print(`${mark} ${title}: ${message}`);
      if (well !== true && help !== undefined) print(`  ${help}`);
    }
  }
  if (!ok) process.exitCode = failed;
}
