import { Command } from 'commander';
import { runDiagnostics } from '../../server/diagnostics/run-diagnostics.ts';
import { failed } from '../exit-codes.ts';
import { printJson, printProse, styled } from '../terminal/terminal.ts';

export function command(): Command {
  return new Command('doctor')
    .description('Check the setup and suggest fixes.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  webex-token doctor')
    .action(doctor);
}

async function doctor(options: { json?: boolean }): Promise<void> {
  const findings = await runDiagnostics();
  const ok = findings.every((finding) => finding.ok !== false);
  if (options.json) printJson({ ok, findings });
  else {
    for (const { ok: isOk, title, message, help } of findings) {
      const mark = isOk === null ? styled('dim', '–') : isOk ? styled('green', '✓') : styled('red', '✗');
      printProse(`${mark} ${title}: ${message}`);
      if (isOk !== true && help !== undefined) printProse(`  ${help}`);
    }
  }
  if (!ok) process.exitCode = failed;
}
