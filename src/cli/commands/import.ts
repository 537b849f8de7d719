import { Command } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { importToken } from '../../vault/sign-in/import-token.ts';
import { verifyToken } from '../../vault/tokens/verify-token.ts';
import {
  addIgnoredSignInOptions,
  addProfileArgument,
  addPushOption,
  addTokenOptions,
  signInRequest,
  type TokenOptions,
} from '../options/sign-in-options.ts';
import { pushToDestinations } from '../push/push-to-destinations.ts';
import { readHiddenInput } from '../terminal/hidden-input.ts';
import { reportVerification } from '../terminal/report-verification.ts';
import { note, readStandardInput } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  const base = new Command('import').description(
    'Store a token from a redirect URL, a fragment or a bare token on standard input.',
  );
  return addIgnoredSignInOptions(addTokenOptions(addPushOption(addProfileArgument(base))))
    .addHelpText(
      'after',
      '\nExample:\n  webex-token import acme     paste the address you landed on, then press Enter',
    )
    .action(importOne);
}

async function importOne(organization: string, options: TokenOptions & { push?: boolean }): Promise<void> {
  const request = signInRequest(organization, options);
  const { profile } = request;
  const text = await readPastedText();
  if (text.trim() === '') {
    throw new BrokerError('E_INPUT', 'Standard input is empty.', {
      help: {
        text: 'Pipe the address to the command, for example with pbpaste, xclip -o or Get-Clipboard',
        command: ['import', profile],
      },
    });
  }
  process.exitCode = await withVault(async (vault, actor) => {
    const tokenId = await importToken(vault, request, text, actor);
    const code = await reportVerification(vault, await verifyToken(vault, tokenId, actor, options.approve));
    return code === 0 ? await pushToDestinations(vault, profile, actor, options.push ?? false) : code;
  });
}

async function readPastedText(): Promise<string> {
  if (!process.stdin.isTTY) return await readStandardInput();
  // Reading starts before the prompt, so that the terminal never shows the pasted text.
  const line = readHiddenInput();
  note('Paste the address you landed on (or the token) and press Enter. The input is hidden.');
  return await line;
}
