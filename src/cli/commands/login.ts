import { Command } from 'commander';
import {
  addPasteOption,
  addProfileArgument,
  addPushOption,
  addSignInOptions,
  type SignInOptions,
  signInRequest,
} from '../options/sign-in-options.ts';
import { pushToDestinations } from '../push/push-to-destinations.ts';
import { signInByPaste } from '../sign-in/paste.ts';
import { SignInServer, signIn } from '../sign-in/sign-in.ts';
import { reportVerification } from '../terminal/report-verification.ts';
import { waitForShutdown } from '../terminal/shutdown.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  const base = new Command('login').description(
    'Sign in to Webex in a private browser window and store the token.',
  );
  return addPasteOption(addSignInOptions(addPushOption(addProfileArgument(base))))
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token login acme --deployment government\n  webex-token login acme --paste     over SSH, without a browser or a tunnel',
    )
    .action(login);
}

interface LoginOptions extends SignInOptions {
  push?: boolean;
  paste?: boolean;
}

async function login(organization: string, options: LoginOptions): Promise<void> {
  const request = signInRequest(organization, options);
  const { profile } = request;
  process.exitCode = await withVault(async (vault, actor) => {
    // Signal handlers are set before a server starts, so that a signal can close it.
    const stopped = waitForShutdown();
    const server = new SignInServer(vault);
    try {
      const result = options.paste
        ? await signInByPaste(vault, request, actor, stopped, options)
        : await signIn(vault, request, actor, server, stopped, options);
      const code = await reportVerification(vault, result);
      return code === 0 ? await pushToDestinations(vault, profile, actor, options.push ?? false) : code;
    } finally {
      await server.close();
    }
  });
}
