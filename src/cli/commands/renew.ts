import { Command } from 'commander';
import { knownEnd } from '../../domain/lifetimes.ts';
import { profileLabel } from '../../domain/profile.ts';
import { userName } from '../../environment/os-user.ts';
import { formatCount, plural } from '../../text/count.ts';
import { instant } from '../../text/instant.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import {
  activeCampaign,
  type CampaignProgress,
  campaignItems,
  finishCampaign,
  itemsOf,
  nextProfile,
  skipProfile,
  startCampaign,
} from '../../vault/profiles/renewal-campaign.ts';
import { contactOption, days, tagOption } from '../options/profile-filter.ts';
import { addPushOption, addSignInOptions, type SignInOptions } from '../options/sign-in-options.ts';
import { pushToDestinations } from '../push/push-to-destinations.ts';
import { SignInServer, signIn } from '../sign-in/sign-in.ts';
import { printTable } from '../terminal/print-table.ts';
import { reportVerification } from '../terminal/report-verification.ts';
import { waitForShutdown } from '../terminal/shutdown.ts';
import { note, printJson, suggestNext } from '../terminal/terminal.ts';
import { dateInSentence, dateInTable } from '../terminal/time.ts';
import { withStore } from '../with-store.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  const renew = new Command('renew').description('Renew many tokens, one sign-in after another.');
  renew
    .command('start')
    .description('Start a renewal: select the profiles to renew.')
    .option(
      '--within <days>',
      'tokens that expire within this many days, have expired, or were rejected',
      days,
      31,
    )
    .option('--tag <tag>', 'only profiles with this tag', tagOption)
    .option('--contact <address>', 'only profiles with this contact', contactOption)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  webex-token renew start --within 31 --tag emea')
    .action(start);
  addSignInOptions(addPushOption(renew.command('continue', { isDefault: true })))
    .description('Sign in for one profile after another. "renew" without a subcommand does the same.')
    .addHelpText(
      'after',
      '\nYou can stop at any time and continue later.\n\nExample:\n  webex-token renew continue --push',
    )
    .action(continueRenewal);
  renew
    .command('status')
    .description('Show the progress of the renewal.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  webex-token renew status --json')
    .action(status);
  renew
    .command('skip')
    .description('Skip a profile in this renewal.')
    .argument('<profile>')
    .addHelpText('after', '\nExample:\n  webex-token renew skip acme')
    .action(skip);
  renew
    .command('finish')
    .description('Finish the renewal. Renewed tokens stay renewed.')
    .addHelpText('after', '\nExample:\n  webex-token renew finish')
    .action(finish);
  return renew.addHelpText(
    'after',
    '\nExamples:\n  webex-token renew start --within 31\n  webex-token renew',
  );
}

interface StartOptions {
  within: number;
  tag?: string;
  contact?: string;
  json?: boolean;
}

async function start({ within: withinDays, tag, contact, json }: StartOptions): Promise<void> {
  const { counts } = await withStore((store) =>
    startCampaign(store, { withinDays, tag, contact }, { user: userName() }),
  );
  if (json) return printJson(counts);
  const { waiting, undelivered } = counts;
  const deliver = undelivered === 0 ? '' : ` ${formatCount(undelivered)} already renewed, still to deliver.`;
  note(`${plural(waiting, 'profile')} to renew.${deliver}`);
  suggestNext(['renew']);
}

async function continueRenewal(options: SignInOptions & { push?: boolean }): Promise<void> {
  process.exitCode = await withVault(async (vault, actor) => {
    const stopped = waitForShutdown();
    const server = new SignInServer(vault);
    try {
      for (;;) {
        const progress = await activeCampaign(vault);
        const next = await nextProfile(vault, progress);
        if (next === null || next.state === 'undelivered') {
          return await deliverAndFinish(vault, actor, options.push ?? false);
        }
        const contact = next.contact === null ? '' : `, contact ${next.contact}`;
        note(
          `\n${summary(progress)}. Next: ${profileLabel({ name: next.profile, displayName: next.displayName })}, which expires ${dateInSentence(next.expiresAt)}${contact}.`,
        );
        note(`To skip it, run: webex-token renew skip ${next.profile}`);
        // The browser may still be signed in to Webex for the previous organization.
        const request = { profile: next.profile, freshSignIn: true };
        const verification = await signIn(vault, request, actor, server, stopped, options);
        const code =
          (await reportVerification(vault, verification)) ||
          (await pushToDestinations(vault, next.profile, actor, options.push ?? false));
        if (code !== 0) return code;
      }
    } finally {
      await server.close();
    }
  });
}

/** Called once every token is renewed. With `push`, delivers the tokens not delivered yet. Finishes the renewal once all are. */
async function deliverAndFinish(vault: Vault, actor: Actor, push: boolean): Promise<number> {
  const undelivered = async () => await itemsOf(vault, await activeCampaign(vault), ['undelivered']);
  let code = 0;
  for (const { profile } of push ? await undelivered() : []) {
    code ||= await pushToDestinations(vault, profile, actor, true);
  }
  const left = await undelivered();
  const progress = await activeCampaign(vault);
  if (left.length === 0) {
    await finishCampaign(vault, progress, actor);
    note(`The renewal is complete: ${summary(progress)}.`);
    return code;
  }
  for (const { profile } of left) await pushToDestinations(vault, profile, actor, false);
  note(`${summary(progress)}. The renewal is complete once every destination has its new token.`);
  suggestNext(['renew', 'continue', '--push']);
  return code;
}

async function status(options: { json?: boolean }): Promise<void> {
  const { progress, items } = await withStore(async (store) => {
    const current = await activeCampaign(store);
    return { progress: current, items: await campaignItems(store, current) };
  });
  if (options.json) {
    const { campaign, counts } = progress;
    return printJson({
      startedAt: instant(campaign.createdAt),
      // Null if the profiles were selected one by one.
      expiresBefore: instant(campaign.expiresBefore),
      tag: campaign.tag,
      contact: campaign.contact,
      ...counts,
      profiles: items.map(({ profile, displayName, contact, expiresAt, state }) => ({
        profile,
        displayName,
        contact,
        expiresAt: instant(knownEnd(expiresAt)),
        state,
      })),
    });
  }
  const rows = items.map((item) => [
    profileLabel({ name: item.profile, displayName: item.displayName }),
    item.state,
    dateInTable(item.expiresAt),
    item.contact ?? '',
  ]);
  printTable(['PROFILE', 'STATE', 'EXPIRES', 'CONTACT'], rows);
  note(`${summary(progress)}.`);
}

async function skip(profile: string): Promise<void> {
  await withStore((store) => skipProfile(store, profile, { user: userName() }));
  note(`Skipped "${profile}" in this renewal.`);
  suggestNext(['renew']);
}

async function finish(): Promise<void> {
  const progress = await withStore(async (store) => {
    const current = await activeCampaign(store);
    await finishCampaign(store, current, { user: userName() });
    return current;
  });
  note(`The renewal is finished: ${summary(progress)}.`);
  suggestNext(['status']);
}

function summary({ counts: { waiting, undelivered, renewed, skipped } }: CampaignProgress): string {
  const total = waiting + undelivered + renewed + skipped;
  const part = (count: number, text: string) => (count === 0 ? '' : `, ${formatCount(count)} ${text}`);
  const parts = part(undelivered, 'renewed but not delivered') + part(skipped, 'skipped');
  return `${formatCount(renewed)} of ${formatCount(total)} done${parts}, ${formatCount(waiting)} to go`;
}
