import { Command, InvalidArgumentError, Option } from 'commander';
import { issuerOf, relayTenantUrl } from '../../config/issuer.ts';
import { type Client, maxSecretOverlapMs, type RelayRights, relayRights } from '../../domain/client.ts';
import { dayMs } from '../../domain/lifetimes.ts';
import type { WorkloadIdentity } from '../../domain/workload-identity.ts';
import { userName } from '../../environment/os-user.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { readTextFile } from '../../text/decode-text.ts';
import { instant } from '../../text/instant.ts';
import {
  addClient,
  listClients,
  removeClient,
  requireClient,
  rotateClientSecret,
} from '../../vault/clients/clients.ts';
import type { Actor } from '../../vault/context.ts';
import { parseDate } from '../options/parse-date.ts';
import {
  addWorkloadIdentityOptions,
  readWorkloadIdentity,
  type WorkloadIdentityOptions,
} from '../options/workload-identity-options.ts';
import { confirmDestructive } from '../terminal/confirm.ts';
import { printTable } from '../terminal/print-table.ts';
import { note, print, printJson, styled, suggestNext, warn } from '../terminal/terminal.ts';
import { minuteInTable, timeInSentence } from '../terminal/time.ts';
import { withStore } from '../with-store.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('client')
    .description('Manage API clients, which fetch tokens or call the SCIM relay.')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(rotateCommand())
    .addCommand(removeCommand());
}

function addCommand(): Command {
  const command = new Command('add')
    .description('Register an API client. Its secret is shown only once.')
    .argument('<name>', 'the client_id')
    .requiredOption('--profile <profile...>', 'the profiles whose tokens it may fetch')
    .option(
      '--expires <date>',
      'when its access expires: a date such as 2027-12-31, or a duration such as 90d',
      parseExpiry,
    )
    .option('--allow <network...>', 'the addresses or networks it may connect from, such as 10.0.0.0/8')
    .option(
      '--max-expires-in <seconds>',
      'the maximum expires_in it gets, so that it fetches a renewed token soon (default: 3600)',
      parseSeconds,
    )
    .option('--jwks <file>', 'a JSON Web Key Set with its public keys: private_key_jwt instead of a secret')
    .option(
      '--relay',
      'register it for the SCIM relay of one profile: it calls Webex through this server and gets no token',
    )
    .addOption(
      new Option(
        '--rights <rights>',
        'with --relay: read, write (all methods except DELETE) or all (default: all)',
      ).choices(relayRights),
    );
  return addWorkloadIdentityOptions(command)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token client add ci --profile acme\n  webex-token client add entra --profile acme --relay\n  webex-token client add hr --profile acme --profile agency --allow 10.1.0.0/16 --expires 2027-12-31\n  webex-token client add ci --profile acme --jwks ci.jwks.json\n  webex-token client add ci --profile acme --issuer https://token.actions.githubusercontent.com --subject repo:acme/provisioning:ref:refs/heads/main --audience webex-token',
    )
    .action(add);
}

interface AddOptions extends WorkloadIdentityOptions {
  profile: string[];
  expires?: number;
  allow?: string[];
  maxExpiresIn?: number;
  jwks?: string;
  relay?: boolean;
  rights?: RelayRights;
  json?: boolean;
}

async function add(name: string, options: AddOptions): Promise<void> {
  if (options.rights !== undefined && !options.relay) {
    throw new BrokerError('E_USAGE', '--rights needs --relay.', {
      help: 'Add --relay, or remove --rights. Rights apply only to the relay.',
    });
  }
  const workloadIdentity = readWorkloadIdentity(options);
  const request = {
    name,
    profiles: options.profile,
    expiresAt: options.expires ?? null,
    addresses: options.allow ?? [],
    ...(options.maxExpiresIn !== undefined && { maxExpiresIn: options.maxExpiresIn }),
    ...(options.jwks !== undefined && { jwks: readText(options.jwks) }),
    ...(options.relay && { relayRights: options.rights ?? 'all' }),
    ...(workloadIdentity !== undefined && { workloadIdentity }),
  };
  await withVault(async (vault) => {
    const { client, secret } = await addClient(vault, request, byUser());
    showSecret(client, secret, issuerOf(vault.settings), options.json);
  });
}

/** With less than a minute, some clients would request tokens all the time. No token lasts longer than ten years. */
function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,9}$/.test(text) && seconds >= 60 && seconds <= 315_360_000) return seconds;
  throw new InvalidArgumentError(
    'Use a whole number of seconds from 60 to 315360000 (ten years), for example 3600.',
  );
}

function showSecret(client: Client, secret: string | null, issuer: string, json: boolean | undefined): void {
  const [profile] = client.profiles;
  const tenantUrl =
    client.relayRights === null || profile === undefined ? null : relayTenantUrl(issuer, profile);
  if (json) {
    printJson({
      client_id: client.name,
      ...(secret !== null && { client_secret: secret }),
      profiles: client.profiles,
      ...(tenantUrl !== null && { tenant_url: tenantUrl }),
    });
    return;
  }
  print(`client_id      ${client.name}`);
  if (secret !== null) print(`client_secret  ${secret}`);
  if (tenantUrl !== null) print(`tenant_url     ${tenantUrl}`);
  note(secret === null ? authenticationNote(client) : "Copy the secret now: it won't be shown again.");
  suggestNext(['client', 'list'], 'To see when it is used');
}

function authenticationNote({ workloadIdentity }: Client): string {
  return workloadIdentity === null
    ? 'It authenticates with its private key (private_key_jwt).'
    : `It authenticates with a ${jwtText(workloadIdentity)}.`;
}

function jwtText({ issuer, subject, audience }: WorkloadIdentity): string {
  return `JWT from ${issuer} with sub ${subject} and aud ${audience}`;
}

function listCommand(): Command {
  return new Command('list')
    .description('List API clients, their access, and when they last used it.')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  webex-token client list')
    .action(list);
}

async function list(options: { json?: boolean }): Promise<void> {
  const clients = await withStore(listClients);
  if (options.json) return printJson(clients.map(toJson));
  if (clients.length === 0) {
    note('No API clients yet.');
    suggestNext(['client', 'add', 'NAME', '--profile', 'PROFILE']);
    return;
  }
  const rows = clients.map((client) => [
    client.name,
    shortened(client.profiles),
    client.authentication,
    client.relayRights ?? '-',
    client.lastUsedAt === null ? 'never' : minuteInTable(client.lastUsedAt),
    expiryLabel(client),
    client.addresses.join(' ') || 'anywhere',
  ]);
  printTable(['CLIENT', 'PROFILES', 'AUTH METHOD', 'RELAY', 'LAST USED', 'EXPIRES', 'ALLOWED FROM'], rows);
  for (const { name, previousSecret, workloadIdentity } of clients) {
    if (workloadIdentity !== null) note(`"${name}" authenticates with a ${jwtText(workloadIdentity)}.`);
    if (previousSecret === null || previousSecret.until <= Date.now()) continue;
    const until = minuteInTable(previousSecret.until);
    note(`The previous secret of "${name}" works until ${until}; ${lastUseText(previousSecret)}.`);
  }
}

function lastUseText({ lastUsedAt }: { lastUsedAt: number | null }): string {
  return lastUsedAt === null ? 'not used since the rotation' : `last used ${minuteInTable(lastUsedAt)}`;
}

function toJson(client: Client) {
  return {
    client_id: client.name,
    profiles: client.profiles,
    auth: client.authentication,
    // Only SCIM relay clients have rights.
    rights: client.relayRights,
    allow: client.addresses,
    expires_at: instant(client.expiresAt),
    last_used_at: instant(client.lastUsedAt),
  };
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description('Create a new secret. The previous one keeps working for 7 days.')
    .argument('<name>', 'its client_id')
    .option('--overlap <days>', 'how long the previous secret keeps working; 0 revokes it now', overlap, 7)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nAt most two secrets work. If you rotate again while the previous one still works, that one is revoked at once.\n\nExample:\n  webex-token client rotate ci --overlap 14',
    )
    .action(rotate);
}

async function rotate(name: string, options: { overlap: number; json?: boolean }): Promise<void> {
  const { client, secret, older, issuer } = await withVault(async (vault) => ({
    ...(await rotateClientSecret(vault, name, options.overlap * dayMs, byUser())),
    issuer: issuerOf(vault.settings),
  }));
  showSecret(client, secret, issuer, options.json);
  note(
    options.overlap === 0
      ? 'The previous secret no longer works.'
      : `The previous secret works until ${timeInSentence(client.previousSecret?.until ?? 0)}. "webex-token client list" shows whether it is still used.`,
  );
  if (older !== null && options.overlap > 0) {
    warn(
      `The secret before that has stopped working, because at most two work. It was ${lastUseText(older)}.`,
    );
  }
}

function removeCommand(): Command {
  return new Command('remove')
    .description('Delete an API client. It loses access immediately.')
    .argument('<name>', 'its client_id')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText('after', '\nExample:\n  webex-token client remove ci')
    .action(remove);
}

async function remove(name: string, options: { yes?: boolean }): Promise<void> {
  await withVault(async (vault) => {
    await requireClient(vault.db, name);
    const question = `Delete the API client "${name}"? It loses access immediately.`;
    if (!(await confirmDestructive(question, 'Nothing was deleted.', options))) return;
    await removeClient(vault, name, byUser());
    note(`Deleted the API client "${name}".`);
    suggestNext(['client', 'list']);
  });
}

function byUser(): Actor {
  return { user: userName() };
}

function expiryLabel({ expiresAt }: Client): string {
  if (expiresAt === null) return 'never';
  return expiresAt <= Date.now()
    ? styled('red', `expired ${minuteInTable(expiresAt)}`)
    : minuteInTable(expiresAt);
}

function shortened(names: string[]): string {
  return names.length <= 3
    ? names.join(' ') || 'none'
    : `${names.slice(0, 2).join(' ')} and ${names.length - 2} more`;
}

function overlap(text: string): number {
  const value = Number(text);
  const max = maxSecretOverlapMs / dayMs;
  if (/^\d+$/.test(text) && value <= max) return value;
  throw new InvalidArgumentError(`Use a whole number of days from 0 to ${max}.`);
}

function parseExpiry(text: string): number {
  return parseDate(text, 'ahead');
}

function readText(file: string): string {
  try {
    return readTextFile(file, 'E_JWKS');
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'it does not exist' : code;
    throw new BrokerError('E_JWKS', `The key file ${file} cannot be read: ${reason}.`, { cause: error });
  }
}
