import { Command } from 'commander';
import { knownEnd } from '../../domain/lifetimes.ts';
import { userName } from '../../environment/os-user.ts';
import {
  activeCampaign,
  type CampaignProgress,
  campaignItems,
  finishCampaign,
  nextProfile,
  skipProfile,
  startCampaign,
} from '../../vault/profiles/renewal-campaign.ts';
import { contactOption, days, tagOption } from '../options/profile-filter.ts';
import { addSignInOptions, type SignInOptions } from '../options/sign-in-options.ts';
import { pushToDestinations } from '../push/push-to-destinations.ts';
import { SignInServer, signIn } from '../sign-in/sign-in.ts';
import { reportVerification } from '../terminal/report-verification.ts';
import { waitForShutdown } from '../terminal/shutdown.ts';
import { table } from '../terminal/table.ts';
import { note, print, printJson } from '../terminal/terminal.ts';
import { withStore } from '../with-store.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  const round = new Command('round').description(
    'A renewal round: what expires soon, worked through one sign-in after another. It can be left at any time, and goes on where it was.',
  );
  round
    .command('begin')
    .description('List what is to be renewed.')
    .option('--within <days>', 'what ends within so many days, has ended, or is rejected', days, 31)
    .option('--tag <tag>', 'only the profiles filed under it', tagOption)
    .option('--contact <address>', 'only the profiles whose contact it is', contactOption)
    .addHelpText('after', '\nExample:\n  webex-token round begin --within 31 --tag emea')
    .action(begin);
  addSignInOptions(round.command('continue', { isDefault: true }))
    .description('Sign in for one after the other. This is what "webex-token round" alone does.')
    .option('--push', 'replace each token in the provisioning tools that had it before')
    .addHelpText('after', '\nExample:\n  webex-token round continue --push')
    .action(goOn);
  round
    .command('status')
    .description('How far the round is.')
    .option('--json', 'as an object, for programs')
    .addHelpText('after', '\nExample:\n  webex-token round status --json')
    .action(status);
  round
    .command('skip')
    .description('Leave a profile out of this round.')
    .argument('<profile>')
    .addHelpText('after', '\nExample:\n  webex-token round skip acme')
    .action(skip);
  round
    .command('end')
    .description('End the round; what was renewed stays so.')
    .addHelpText('after', '\nExample:\n  webex-token round end')
    .action(end);
  return round.addHelpText('after', '\nExample:\n  webex-token round begin --within 31\n  webex-token round');
}

async function begin(options: { within: number; tag?: string; contact?: string }): Promise<void> {
  const { within: withinDays, tag, contact } = options;
  const { counts } = await withStore((records) =>
    startCampaign(records, { withinDays, tag, contact }, { user: userName() }),
  );
  note(`${counts.waiting.toLocaleString('en')} to renew. Go on with: webex-token round`);
}

async function goOn(options: SignInOptions & { push?: boolean }): Promise<void> {
  process.exitCode = await withVault(async (vault, actor) => {
    const stopped = waitForShutdown();
    const server = new SignInServer(vault);
    try {
      for (;;) {
        const progress = await activeCampaign(vault);
        const next = await nextProfile(vault, progress);
        if (next === null) {
          await finishCampaign(vault, progress, actor);
          note(`The round is done: ${summary(progress)}.`);
          return 0;
        }
        const contact = next.contact === null ? '' : `, ${next.contact}`;
        note(`\n${summary(progress)}. Now "${next.profile}" (ends ${date(next.expiresAt)}${contact}).`);
        note(`To leave it out: webex-token round skip ${next.profile}`);
        // Whoever is signed in at Webex is of the organization before: it has to ask anew.
        const request = { profile: next.profile, freshSignIn: true };
        const settled = await signIn(vault, request, actor, server, stopped, options);
        const code =
          reportVerification(settled) ||
          (await pushToDestinations(vault, next.profile, actor, options.push ?? false));
        if (code !== 0) return code;
      }
    } finally {
      await server.close();
    }
  });
}

async function status(options: { json?: boolean }): Promise<void> {
  const { progress, items } = await withStore(async (records) => {
    const current = await activeCampaign(records);
    return { progress: current, items: await campaignItems(records, current) };
  });
  if (options.json) {
    const { round, counts } = progress;
    return printJson({
      begunAt: new Date(round.createdAt).toISOString(),
      expiresBefore: new Date(round.expiresBefore).toISOString(),
      tag: round.tag,
      contact: round.contact,
      ...counts,
      profiles: items.map(({ profile, contact, expiresAt, state }) => ({
        profile,
        contact,
        expiresAt: knownEnd(expiresAt) === null ? null : new Date(expiresAt).toISOString(),
        state,
      })),
    });
  }
  const rows = items.map((item) => [item.profile, item.state, date(item.expiresAt), item.contact ?? '']);
  print(table(['PROFILE', 'STATE', 'ENDS', 'CONTACT'], rows));
  note(`${summary(progress)}.`);
}

async function skip(profile: string): Promise<void> {
  await withStore((records) => skipProfile(records, profile, { user: userName() }));
  note(`"${profile}" is left out of this round.`);
}

async function end(): Promise<void> {
  const progress = await withStore(async (records) => {
    const current = await activeCampaign(records);
    await finishCampaign(records, current, { user: userName() });
    return current;
  });
  note(`The round is ended: ${summary(progress)}.`);
}

function summary({ counts: { waiting, renewed, skipped } }: CampaignProgress): string {
  const all = waiting + renewed + skipped;
  const left = skipped === 0 ? '' : `, ${skipped.toLocaleString('en')} left out`;
  return `${renewed.toLocaleString('en')} of ${all.toLocaleString('en')} renewed${left}, ${waiting.toLocaleString('en')} to go`;
}

function date(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}
