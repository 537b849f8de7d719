import { Command } from 'commander';
import {
  addPushOption,
  addSignInOptions,
  type SignInOptions,
  signInRequest,
} from '../options/sign-in-options.ts';
import { pushToDestinations } from '../push/push-to-destinations.ts';
import { SignInServer, signIn } from '../sign-in/sign-in.ts';
import { reportVerification } from '../terminal/report-verification.ts';
import { waitForShutdown } from '../terminal/shutdown.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  const base = new Command('login')
    .description('Sign in to Webex in a private browser window and store the token.')
    .argument('<profile>', 'the profile to store it in; created if it does not exist');
  return addSignInOptions(addPushOption(base))
    .addHelpText('after', '\nExample:\n  webex-token login acme --deployment government')
    .action(login);
}

async function login(profile: string, options: SignInOptions & { push?: boolean }): Promise<void> {
  const request = signInRequest(profile, options);
  process.exitCode = await withVault(async (vault, actor) => {
    // Signals are handled before a server starts that would have to be closed.
    const stopped = waitForShutdown();
    const server = new SignInServer(vault);
    try {
      const code = reportVerification(await signIn(vault, request, actor, server, stopped, options));
      return code === 0 ? await pushToDestinations(vault, profile, actor, options.push ?? false) : code;
    } finally {
      await server.close();
    }
  });
}
