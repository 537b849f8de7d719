import { Command } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { importToken } from '../../vault/sign-in/import-token.ts';
import { verifyToken } from '../../vault/tokens/verify-token.ts';
import { addSignInOptions, type SignInOptions, signInRequest } from '../options/sign-in-options.ts';
import { pushToDestinations } from '../push/push-to-destinations.ts';
import { readHiddenInput } from '../terminal/hidden-input.ts';
import { reportVerification } from '../terminal/report-verification.ts';
import { note, readStandardInput } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  const base = new Command('import')
    .description('Read one redirect URL, fragment or bare token from standard input, and store it.')
    .argument('<profile>');
  return addSignInOptions(base)
    .addHelpText(
      'after',
      '\nExample:\n  webex-token import acme     then paste the address you landed on, and press Enter',
    )
    .action(importOne);
}

async function importOne(profile: string, options: SignInOptions): Promise<void> {
  const request = signInRequest(profile, options);
  const text = await handedOver();
  if (text.trim() === '') {
    throw new BrokerError('E_INPUT', 'Standard input is empty.', {
      help: 'Hand the address over like this: pbpaste | webex-token import NAME (or xclip -o, or Get-Clipboard).',
    });
  }
  process.exitCode = await withVault(async (vault, actor) => {
    const tokenId = await importToken(vault, request, text, actor);
    const code = reportVerification(await verifyToken(vault, tokenId, actor, options.approve));
    return code === 0 ? await pushToDestinations(vault, profile, actor, false) : code;
  });
}

async function handedOver(): Promise<string> {
  if (!process.stdin.isTTY) return await readStandardInput();
  // The terminal shows nothing of it from before the person is asked.
  const line = readHiddenInput();
  note('Paste the address you landed on (or the token) and press Enter. It is not shown.');
  return await line;
}
